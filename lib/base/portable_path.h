// Paths that may travel in a file: relative, and without names of people or machines
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace maas {

// The way from `folder` (absolute) to `path`: "../data/train.csv"; a relative `path` as it is.
// Nothing when the way leads over the root or over a folder of homes, or holds the name of the user
// or of this machine: it would tell of them, and lead nowhere on another machine. Looks at the text
// alone, not at the disk.
std::optional<std::string> portable_path(const std::filesystem::path& path,
                                         const std::filesystem::path& folder);

}  // namespace maas
