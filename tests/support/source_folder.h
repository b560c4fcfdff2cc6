// Where the repository is, for tests that read its files.
#pragma once

#include <filesystem>

namespace maas {

// In a file of its own: a path among the compiler's options would keep every other object from
// being taken from the cache of another checkout.
std::filesystem::path source_folder();

}  // namespace maas
