#include "base/did_you_mean.h"

#include <algorithm>

namespace maas {

int edit_distance(std::string_view a, std::string_view b) {
  const size_t rows = a.size() + 1, columns = b.size() + 1;
  std::vector<std::vector<int>> d(rows, std::vector<int>(columns));
  for (size_t i = 0; i < rows; ++i) d[i][0] = static_cast<int>(i);
  for (size_t j = 0; j < columns; ++j) d[0][j] = static_cast<int>(j);
  for (size_t i = 1; i < rows; ++i) {
    for (size_t j = 1; j < columns; ++j) {
      const int cost = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  }
  return d[rows - 1][columns - 1];
}

std::string nearest_name(std::string_view typed, const std::vector<std::string>& names) {
  if (typed.size() > 64) return "";  // not a typing slip, and the table would be large
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (const std::string& name : names) {
    const bool same = std::equal(typed.begin(), typed.end(), name.begin(), name.end(),
                                 [&](char a, char b) { return lower(a) == lower(b); });
    if (same) return name;
  }
  const int allowed = std::max<int>(2, static_cast<int>(typed.size() / 3));
  int best = allowed + 1;
  std::string found;
  for (const std::string& name : names) {
    const int distance = edit_distance(typed, name);
    if (distance < best && distance < static_cast<int>(name.size())) {
      best = distance;
      found = name;
    }
  }
  return found;
}

std::string did_you_mean(std::string_view typed, const std::vector<std::string>& names) {
  const std::string name = nearest_name(typed, names);
  return name.empty() ? "" : "; did you mean '" + name + "'?";
}

}  // namespace maas
