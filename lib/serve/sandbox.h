// What a server gives up once it has started.
#pragma once

#include <filesystem>
#include <vector>

namespace maas {

// From now on the calling thread, and those that it starts, execute no program and make, write,
// rename or remove no files but below `writable` (Linux: Landlock, 5.13 or newer; files that are
// open stay so, and reading is not touched). Cannot be undone. Throws Error{kResources} where the
// kernel has no Landlock.
void enter_sandbox(const std::vector<std::filesystem::path>& writable);

}  // namespace maas
