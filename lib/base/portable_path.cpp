#include "base/portable_path.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace maas {
namespace {

namespace fs = std::filesystem;

fs::path of_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Normal, and without a slash at the end.
fs::path tidy(const fs::path& path) {
  const fs::path normal = path.lexically_normal();
  return normal.has_filename() || normal == normal.root_path() ? normal : normal.parent_path();
}

bool is_personal(const fs::path& part) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const std::array<fs::path, 4> names = {of_environment("USER"), of_environment("LOGNAME"),
                                         tidy(of_environment("HOME")).filename(), host.data()};
  return !part.empty() && std::find(names.begin(), names.end(), part) != names.end();
}

bool holds_homes(const fs::path& folder) {
  return folder == folder.root_path() || folder == "/home" || folder == "/Users" ||
         folder == tidy(of_environment("HOME")).parent_path();
}

}  // namespace

std::optional<std::string> portable_path(const fs::path& path, const fs::path& folder) {
  if (path.is_relative()) return path.string();
  fs::path shared = tidy(folder);
  const fs::path way = tidy(path).lexically_relative(shared);
  for (const fs::path& part : way) {
    if (is_personal(part)) return std::nullopt;
    if (part == "..") shared = shared.parent_path();
  }
  if (holds_homes(shared)) return std::nullopt;
  return way.string();
}

}  // namespace maas
