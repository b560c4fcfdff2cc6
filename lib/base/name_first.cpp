#include "base/name_first.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/shown_text.h"

namespace maas {

std::string name_first(const std::vector<std::string>& names, size_t most) {
  std::string text;
  for (size_t i = 0; i < std::min(most, names.size()); ++i) {
    text += (i == 0 ? "" : ", ") + shown_text(names[i]);
  }
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

}  // namespace maas
