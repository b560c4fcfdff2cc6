// Configs that models of format 1 remember: with absolute paths
#pragma once

#include <filesystem>
#include <string>

namespace maas {

// `yaml`, a config as write_config writes it, without `output_dir` and with the absolute paths of
// its inputs seen from `folder` (base/portable_path.h); their last part where that cannot be. A
// config of format 2 comes out as it is.
std::string portable_config(const std::string& yaml, const std::filesystem::path& folder);

}  // namespace maas
