// Somebody's file -> a Model
#pragma once

#include <filesystem>

#include "export/format.h"

namespace maas {

// The file's graph in evaluation mode, verified, named after the file; its lineage says "import"
// and the file's digest. Throws Error{kUsage} for a format without a reader, saying why it has
// none, and Error{kInput} naming file and node for what does not run.
Model import_model(const std::filesystem::path& path, const Format& format);

}  // namespace maas
