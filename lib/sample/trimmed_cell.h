// The spaces and tabs around a cell, which are no part of it.
#pragma once

#include <string_view>

namespace maas {

inline std::string_view trimmed_cell(std::string_view cell) {
  constexpr std::string_view kBlank = " \t";
  if (!cell.empty() && cell.front() > ' ' && cell.back() > ' ') return cell;
  const size_t first = cell.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return cell.substr(first, cell.find_last_not_of(kBlank) - first + 1);
}

}  // namespace maas
