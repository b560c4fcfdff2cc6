// Files, pipes and devices that are read from their start
#pragma once

#include <filesystem>

namespace maas {

// A descriptor, which the caller closes. Throws as read_file (files.h) does of what is missing, not
// permitted or a folder. A pipe waits for its writer.
int open_to_read(const std::filesystem::path& path);

}  // namespace maas
