// A line of YAML with what it means behind it
#pragma once

#include <algorithm>
#include <string>

namespace maas {

// The comment at column `width` of the line, or one blank behind a longer setting: '#' begins a
// comment only there.
inline std::string config_line(std::string setting, const std::string& comment, size_t width = 36) {
  setting.resize(std::max(width, setting.size() + 1), ' ');
  return setting + "# " + comment + "\n";
}

}  // namespace maas
