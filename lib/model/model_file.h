// The file that a model is in, and what it says of itself without being opened
#pragma once

#include <filesystem>

#include "model/model.h"

namespace maas {

// The model file that `path` names: itself, or the model.pt of a run folder. load_model() takes
// such a path. Throws Error{kInput} where a folder has none; of a run that has not come so far it
// says how to go on.
std::filesystem::path model_file(const std::filesystem::path& path);

// The manifest alone, in the time that it takes to read the archive's directory; an empty one of a
// stranger's file. Throws Error{kInput} as load_model() does.
Manifest load_manifest(const std::filesystem::path& path);

}  // namespace maas
