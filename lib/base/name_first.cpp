#include "base/name_first.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace maas {

std::string name_first(const std::vector<std::string>& names, size_t most) {
  const auto shown = static_cast<std::ptrdiff_t>(std::min(most, names.size()));
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + shown, ", "));
  if (names.size() > most) text += fmt::format(" and {} more", names.size() - most);
  return text;
}

}  // namespace maas
