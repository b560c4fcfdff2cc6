#include "table_profile.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace maas {
namespace {

constexpr size_t kMostColumns = 60;
constexpr size_t kMostText = 28;

using Row = std::array<std::string, 6>;

// In printable ASCII and not too long: it goes into a comment of YAML.
std::string shortened(const std::string& text) {
  std::string shown;
  for (const char c : text) shown += c >= ' ' && c <= '~' ? c : '.';
  return shown.size() <= kMostText ? shown : shown.substr(0, kMostText - 3) + "...";
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
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::vector<std::string> lines;
  for (const Row& row : rows) {
    lines.push_back(fmt::format("{:<{}}  {:<{}}  {:>{}}  {:>{}}  {:<{}}  {}", row[0], widths[0],
                                row[1], widths[1], row[2], widths[2], row[3], widths[3], row[4],
                                widths[4], row[5]));
  }
  if (columns.size() > kMostColumns) {
    lines.push_back(fmt::format("... {} more columns", columns.size() - kMostColumns));
  }
  return lines;
}

}  // namespace maas
