#include "table_profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/shown_text.h"

namespace maas {
namespace {

constexpr size_t kMostColumns = 60;
constexpr size_t kMostText = 28;

using Row = std::array<std::string, 6>;

// Characters of UTF-8.
size_t width_of(std::string_view text) {
  return static_cast<size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) >> 6) != 2; }));
}

// On one line and not too long: it goes into a comment of YAML.
std::string shortened(const std::string& text) {
  const std::string shown = shown_text(text, std::string::npos);
  if (width_of(shown) <= kMostText) return shown;
  size_t end = 0;
  for (size_t width = 0; end < shown.size(); ++end) {
    width += (static_cast<unsigned char>(shown[end]) >> 6) != 2 ? 1 : 0;
    if (width > kMostText - 3) break;
  }
  return shown.substr(0, end) + "...";
}

std::string blanks_beside(const std::string& text, size_t width) {
  return std::string(width - std::min(width, width_of(text)), ' ');
}

std::string padded(const std::string& text, size_t width) {
  return text + blanks_beside(text, width);
}

std::string right_aligned(const std::string& text, size_t width) {
  return blanks_beside(text, width) + text;
}

std::string values_of(const ColumnFacts& column) {
  if (column.values.empty()) return "-";
  if (column.is_numeric) return fmt::format("{:g} to {:g}", column.least, column.most);
  return shortened(fmt::format("{}", fmt::join(column.examples, ", ")));
}

}  // namespace

std::string kind_of(const ColumnFacts& column) {
  if (column.values.empty()) return "-";
  if (column.is_date()) return "date";
  if (column.is_text) return "sentences";
  return !column.is_numeric ? "text" : column.is_whole ? "whole number" : "number";
}

std::vector<std::string> table_profile(const std::vector<ColumnFacts>& columns,
                                       const std::vector<std::string>& uses) {
  std::vector<Row> rows = {{"column", "kind", "missing", "distinct", "values", "use"}};
  for (size_t c = 0; c < std::min(columns.size(), kMostColumns); ++c) {
    rows.push_back({shortened(columns[c].name), kind_of(columns[c]),
                    std::to_string(columns[c].missing), std::to_string(columns[c].values.size()),
                    values_of(columns[c]), uses.at(c)});
  }
  std::array<size_t, 6> widths{};
  for (const Row& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    std::string line;
    for (size_t i = 0; i + 1 < row.size(); ++i) {
      line +=
          (i == 2 || i == 3 ? right_aligned(row[i], widths[i]) : padded(row[i], widths[i])) + "  ";
    }
    lines.push_back(line + row.back());
  }
  if (columns.size() > kMostColumns) {
    lines.push_back(fmt::format("... {} more columns", columns.size() - kMostColumns));
  }
  return lines;
}

}  // namespace maas
