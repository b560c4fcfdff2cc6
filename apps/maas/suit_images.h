// The settings of `data:` and the network that suit images of classes.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "guess_data.h"

namespace maas {

// Added to `guess`, whose `samples` are counted already. Looks at the headers of a few hundred of
// `files` for their sizes, and at the pixels of a few: what cannot be read is passed over; training
// will tell.
//   size     small images keep theirs, in steps of 4; larger ones are cut to the largest square of
//            64, 96, 128 and 224 that most of them have and that two cores learn from in minutes
//   network  blocks of convolutions that halve such a square to some 8 or 16 pixels
//   changes  none that mirrors where `files` are small and grey, or `classes` named by single
//            letters and digits or by sides: the mirror image would mean something else
void suit_images(DataGuess& guess, const std::vector<std::filesystem::path>& files,
                 const std::vector<std::string>& classes);

}  // namespace maas
