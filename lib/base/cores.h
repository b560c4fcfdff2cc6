// The processor: its name, and how many cores this process can keep busy.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace maas {

// The cores of the affinity mask, or fewer where a cgroup's CPU quota allows no more (a container
// with --cpus); a share of a core is not counted. At least 1. Never what the host has.
int64_t usable_cores();

// Cores that the quotas of a cgroup and of those above it allow: the lowest of them; nullopt when
// none is set.
//   root    where the hierarchy is mounted ("/sys/fs/cgroup")
//   groups  the text of /proc/self/cgroup; version 2 and version 1 (`cpu` controller) lines count
std::optional<double> cgroup_cores(const std::filesystem::path& root, std::string_view groups);

// As the system calls it ("AMD EPYC 9755 128-Core Processor"); "unknown" where it does not say.
std::string processor_name();

}  // namespace maas
