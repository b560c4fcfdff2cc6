// Which record of a PT2 archive holds the program.
#pragma once

#include <string>

#include "tensor/archive.h"

namespace maas {

// "models/model.json", or the only models/*.json. Throws Error{kInput} when there is none or
// several; pickles and TorchScript are told apart and refused by name, unread.
std::string find_model_record(const ArchiveReader& archive);

}  // namespace maas
