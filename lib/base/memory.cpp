#include "base/memory.h"

#include <malloc.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// The number at the start of a file; nothing for "max", -1 (no limit) and files that are not there.
std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double number = 0;
  if (!(in >> number) || number < 0) return std::nullopt;
  return number;
}

// The value of `key` in a file of lines "key value" or "key: value kB".
std::optional<int64_t> entry_in(const fs::path& file, const std::string& key) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string name;
    int64_t value = 0;
    if (words >> name >> value && (name == key || name == key + ":")) return value;
  }
  return std::nullopt;
}

// The group's folder and those above it: a limit holds for everything below.
std::vector<fs::path> up_to(const fs::path& top, const std::string& group) {
  std::vector<fs::path> folders = {top};
  for (const fs::path& part : fs::path(group).relative_path()) {
    folders.push_back(folders.back() / part);
  }
  return folders;
}

// Version 2 has one tree; version 1 one for each controller ("" stands for version 2).
std::vector<fs::path> group_folders(const fs::path& root, const std::string& controller) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {  // "4:cpu,cpuacct:/group", "0::/group"
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    const bool is_wanted = controller.empty() ? names == ",," && line[0] == '0'
                                              : names.find("," + controller + ",") != names.npos;
    if (!is_wanted) continue;
    return up_to(root / "sys/fs/cgroup" / controller, line.substr(second + 1));
  }
  return {};
}

// Pages of files can be dropped, so they count as free.
int64_t left_of(const fs::path& limit, const fs::path& used, const fs::path& statistics,
                const std::string& cached) {
  const auto most = number_in(limit);
  if (!most || *most >= static_cast<double>(kNoLimit)) return kNoLimit;
  const double taken =
      number_in(used).value_or(0) - static_cast<double>(entry_in(statistics, cached).value_or(0));
  return static_cast<int64_t>(std::max(0.0, *most - std::max(0.0, taken)));
}

}  // namespace

int64_t available_memory(const fs::path& root) {
  int64_t bytes = kNoLimit;
  if (const auto free = entry_in(root / "proc/meminfo", "MemAvailable")) bytes = *free * 1024;
  for (const fs::path& folder : group_folders(root, "")) {
    bytes = std::min(bytes, left_of(folder / "memory.max", folder / "memory.current",
                                    folder / "memory.stat", "inactive_file"));
  }
  for (const fs::path& folder : group_folders(root, "memory")) {
    bytes =
        std::min(bytes, left_of(folder / "memory.limit_in_bytes", folder / "memory.usage_in_bytes",
                                folder / "memory.stat", "total_inactive_file"));
  }
  return bytes;
}

void release_freed_memory() { malloc_trim(0); }

}  // namespace maas
