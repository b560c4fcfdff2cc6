// How much memory this process may still take.
#pragma once

#include <cstdint>
#include <filesystem>

namespace maas {

// Bytes that can be allocated without swapping: what the kernel has free, or less where the control
// group (a container, a service) is limited. What cannot be found out counts as no limit.
// `root`: where /proc and /sys are looked for, "/" but in tests.
int64_t available_memory(const std::filesystem::path& root = "/");

// Gives the pages of memory that was freed back to the kernel, which the allocator keeps otherwise:
// where much was taken for a moment and is not soon wanted again. Takes milliseconds.
void release_freed_memory();

}  // namespace maas
