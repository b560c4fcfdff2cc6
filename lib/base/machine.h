// What this process may use of the machine: the smaller of what the kernel gives it and what its
// control group (a container, a service) is limited to.
#pragma once

#include <cstdint>
#include <filesystem>

namespace maas {

// Cores of the affinity mask, at most the whole cores of the CPU quota; at least 1.
// `root`: where /proc and /sys are looked for, "/" but in tests.
int usable_cores(const std::filesystem::path& root = "/");

// Bytes that can be allocated without swapping. What cannot be found out counts as no limit.
int64_t available_memory(const std::filesystem::path& root = "/");

}  // namespace maas
