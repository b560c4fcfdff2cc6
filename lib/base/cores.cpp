#include "base/cores.h"

#include <sched.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <thread>

namespace maas {
namespace {

namespace fs = std::filesystem;

std::optional<double> share(double quota, double period) {
  if (quota <= 0 || period <= 0) return std::nullopt;
  return quota / period;
}

// Version 2: "max 100000" or "150000 100000".
std::optional<double> quota_of_v2(const fs::path& folder) {
  std::ifstream file(folder / "cpu.max");
  double quota = 0, period = 0;
  if (!(file >> quota >> period)) return std::nullopt;
  return share(quota, period);
}

// Version 1: two files; a quota of -1 is none.
std::optional<double> quota_of_v1(const fs::path& folder) {
  std::ifstream quota_file(folder / "cpu.cfs_quota_us"), period_file(folder / "cpu.cfs_period_us");
  double quota = 0, period = 0;
  if (!(quota_file >> quota) || !(period_file >> period)) return std::nullopt;
  return share(quota, period);
}

bool names_cpu(std::string_view controllers) {
  std::istringstream words{std::string(controllers)};
  for (std::string word; std::getline(words, word, ',');) {
    if (word == "cpu") return true;
  }
  return false;
}

void take_lower(std::optional<double>& lowest, std::optional<double> other) {
  if (other) lowest = std::min(lowest.value_or(*other), *other);
}

}  // namespace

std::optional<double> cgroup_cores(const fs::path& root, std::string_view groups) {
  std::optional<double> lowest;
  std::istringstream lines{std::string(groups)};
  for (std::string line; std::getline(lines, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool version_2 = controllers.empty();
    if (!version_2 && !names_cpu(controllers)) continue;
    const fs::path mount = version_2 ? root : root / "cpu";
    const fs::path group = fs::path(line.substr(second + 1)).lexically_normal().relative_path();
    fs::path folder = mount;
    take_lower(lowest, version_2 ? quota_of_v2(folder) : quota_of_v1(folder));
    for (const fs::path& part : group) {
      if (part == "..") break;  // outside this process's view of the hierarchy
      folder /= part;
      take_lower(lowest, version_2 ? quota_of_v2(folder) : quota_of_v1(folder));
    }
  }
  return lowest;
}

int64_t usable_cores() {
  int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  cpu_set_t mask;
  CPU_ZERO(&mask);
  if (::sched_getaffinity(0, sizeof(mask), &mask) == 0) cores = std::max(1, CPU_COUNT(&mask));
  std::ifstream file("/proc/self/cgroup");
  std::stringstream groups;
  groups << file.rdbuf();
  if (const auto quota = cgroup_cores("/sys/fs/cgroup", groups.str())) {
    cores = std::min(cores, static_cast<int64_t>(*quota));
  }
  return std::max<int64_t>(1, cores);
}

std::string processor_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

}  // namespace maas
