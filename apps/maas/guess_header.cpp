#include "guess_header.h"

#include <fmt/format.h>

#include <optional>
#include <set>
#include <string_view>

#include "base/shown_text.h"
#include "sample/cell_text.h"

namespace maas {
namespace {

// Of the first row.
struct FirstRow {
  int64_t numbers = 0;  // above numbers
  bool rises = true;    // each number is above the one before
  bool is_even = true;  // all by as much
  std::string lone;     // the first text in a column whose other cells repeat, and are never this
};

// Whether the cells below the first repeat, and none is the first.
bool stands_alone(const CsvTable& table, int64_t column) {
  std::set<std::string_view> below;
  for (int64_t row = 1; row < table.rows(); ++row) below.insert(table.at(row, column));
  return !below.contains(table.at(0, column)) &&
         2 * static_cast<int64_t>(below.size()) <= table.rows() - 1;
}

bool has_numbers_below(const CsvTable& table, int64_t column) {
  for (int64_t row = 1; row < table.rows(); ++row) {
    if (parse_number(table.at(row, column))) return true;
  }
  return table.rows() < 2;
}

FirstRow first_row(const CsvTable& table) {
  FirstRow seen;
  std::optional<double> before, step;
  for (int64_t column = 0; column < table.columns(); ++column) {
    const std::string_view cell = table.at(0, column);
    const auto number = parse_number(cell);
    if (!number || !has_numbers_below(table, column)) {  // above texts a number is a name
      if (!cell.empty() && seen.lone.empty() && stands_alone(table, column)) seen.lone = cell;
      continue;
    }
    ++seen.numbers;
    if (before) {
      seen.rises = seen.rises && *number > *before;
      seen.is_even = seen.is_even && (!step || *number - *before == *step);
      step = *number - *before;
    }
    before = number;
  }
  return seen;
}

}  // namespace

HeaderGuess guess_header(const CsvTable& table) {
  if (table.rows() == 0) return {};
  const FirstRow seen = first_row(table);
  if (seen.numbers == 0) return {true, ""};
  if (seen.lone.empty()) return {};
  if (seen.numbers > 1 && seen.rises && seen.is_even) {
    return {true, fmt::format("the first row is taken for names, though it has numbers: no other "
                              "row has '{}'; data.header=false says that it is data",
                              shown_text(seen.lone))};
  }
  return {false, fmt::format("the first row is taken for data, since it has numbers; but no other "
                             "row has '{}': data.header=true says that it holds names",
                             shown_text(seen.lone))};
}

}  // namespace maas
