#include "column_uses.h"

#include <fmt/format.h>

#include <string_view>

#include "base/json_writer.h"
#include "base/shell_word.h"
#include "base/shown_text.h"
#include "base/throw_error.h"
#include "config_line.h"
#include "sample/cell_text.h"

namespace maas {
namespace {

constexpr size_t kMostReasons = 1000;
constexpr std::string_view kCopyOfLabel = "a copy of the label";
constexpr const char* kOneOfTheLabels = "it is a label, too (data.labels)";

bool is_copy_of_label(const std::string& reason) { return reason.ends_with(kCopyOfLabel); }

std::string use_of(const ColumnFacts& column, const std::string& why_not, bool of_numbers,
                   bool is_label) {
  if (is_label || why_not == kOneOfTheLabels) {
    return of_numbers ? "the number to predict" : "the class to predict";
  }
  if (!why_not.empty()) return "ignored: " + why_not;
  const char* gaps = column.missing == 0 ? "" : ", gaps as data.missing says";
  return (column.is_date()    ? "date: year, month, weekday and so on"
          : column.is_text    ? "text: words and pieces of them"
          : column.is_numeric ? "number, standardised"
                              : "category, embedded") +
         std::string(gaps);
}

// Of a column that is more numbers than not.
std::string warning_of_odd_cells(const ColumnFacts& column) {
  return fmt::format(
      "column {}: {} cells are numbers and {} are not ('{}'): correct them, or say which mean a "
      "missing value (data.missing_values), or that it holds categories (data.columns)",
      json_quote(column.name), column.numbers, column.others, column.odd);
}

std::string warning_of_odd_dates(const ColumnFacts& column) {
  const int64_t dates = column.dates.most_dates();
  return fmt::format(
      "column {}: {} cells are dates and {} are not ('{}'): correct them, or say which mean a "
      "missing value (data.missing_values), or that it holds categories (data.columns)",
      json_quote(column.name), dates, column.dates.count() - dates, shown_text(column.odd_date));
}

std::string warning_of_huge_numbers(const ColumnFacts& column) {
  return fmt::format(
      "column {} is ignored: its numbers go up to {:.3g}, beyond 3.4e38, the largest of float32; "
      "correct those cells, or take the column's line out of data.columns once they are",
      json_quote(column.name), std::max(-column.least, column.most));
}

std::string warning_of_order(const ColumnFacts& column) {
  return fmt::format(
      "the rows stand in the order of {}: where later rows are to be predicted from earlier ones, "
      "data.order={} tests on the last of them; a part drawn at random flatters the model",
      json_quote(column.name), shell_word(column.name));
}

std::string warning_of_unit(const ColumnFacts& column, bool is_left_out) {
  const char* const use = is_left_out ? "the column is ignored" : "they count as categories";
  const std::string& example = column.examples.at(0);
  if (!sign_of(example).empty()) {
    return fmt::format(
        "column {}: its cells are numbers ('{}') that have other signs before decimals or between "
        "thousands than the file is read with: {}; write all columns in one way, or set "
        "data.decimal and data.thousands",
        json_quote(column.name), shown_text(example), use);
  }
  return fmt::format(
      "column {}: its cells are numbers with '{}' behind them, a sign that is not read (percent "
      "and currencies are): {}; take it out of the file to have numbers",
      json_quote(column.name), shown_text(column.unit), use);
}

}  // namespace

std::vector<std::string> reasons_to_ignore(const CsvTable& table, bool header,
                                           const std::vector<ColumnFacts>& columns,
                                           const ColumnRoles& roles) {
  const size_t label = roles.label;
  std::vector<std::string> reasons;
  size_t inputs = 0;
  for (size_t c = 0; c < columns.size(); ++c) {
    std::string why = c == label ? "" : columns[c].why_useless;
    if (c != label && roles.is_spoken_for(columns[c].name)) {
      reasons.emplace_back(roles.labels.contains(columns[c].name)
                               ? kOneOfTheLabels
                               : "it decides the split (data.group, data.order)");
      continue;
    }
    if (c != label && why.empty() && are_copies(table, header, c, label)) {
      why = fmt::format("it tells '{}': {}", columns[label].name, kCopyOfLabel);
    }
    for (size_t other = 0; other < c && c != label && why.empty(); ++other) {
      if (other == label || columns[other].values.size() != columns[c].values.size()) continue;
      if (are_same(table, header, c, other)) {
        why = fmt::format("it is the same as '{}'", columns[other].name);
      }
    }
    inputs += c != label && why.empty() ? 1 : 0;
    reasons.push_back(std::move(why));
  }
  if (inputs > 0) return reasons;
  // Then at least try those that hold something.
  for (size_t c = 0; c < columns.size(); ++c) {
    if (c == label || !columns[c].can_be_input()) continue;
    if (roles.is_spoken_for(columns[c].name)) continue;
    reasons[c] = "";
    ++inputs;
  }
  if (inputs > 0) return reasons;
  throw_input(table.name(),
              fmt::format("no column but the label '{}' holds a value that tells rows apart",
                          columns[label].name),
              "at least one to learn from", "give a table that holds what to learn from");
}

std::vector<std::string> uses_of(const std::vector<ColumnFacts>& columns, size_t label,
                                 const std::vector<std::string>& reasons, bool of_numbers) {
  std::vector<std::string> uses;
  for (size_t c = 0; c < columns.size(); ++c) {
    uses.push_back(use_of(columns[c], reasons[c], of_numbers, c == label));
  }
  return uses;
}

std::string lines_of_columns(const std::vector<ColumnFacts>& columns, const ColumnRoles& roles,
                             const std::vector<std::string>& reasons,
                             std::vector<std::string>& warnings) {
  const size_t label = roles.label;
  std::vector<std::string> ignored, typed;
  bool is_ambiguous = false;
  for (size_t c = 0; c < columns.size(); ++c) {
    // What decides the split is no input unless its name stands here.
    if (c == label || roles.is_spoken_for(columns[c].name)) continue;
    const bool is_left_out = !reasons[c].empty();
    if (columns[c].has_odd_cells()) {
      warnings.push_back(warning_of_odd_cells(columns[c]));
    } else if (columns[c].is_mostly_dates()) {
      warnings.push_back(warning_of_odd_dates(columns[c]));
    } else if (columns[c].is_beyond_float()) {
      warnings.push_back(warning_of_huge_numbers(columns[c]));
    }
    if (!columns[c].unit.empty()) warnings.push_back(warning_of_unit(columns[c], is_left_out));
    if (is_left_out) {
      const std::string quoted = json_quote(columns[c].name);
      // A config has at most 1 MiB, and a table may have ten thousands of columns.
      const bool has_reason = ignored.size() < kMostReasons;
      const std::string line = "    " + quoted + ": ignore";
      ignored.push_back(has_reason ? config_line(line, reasons[c]) : line + "\n");
      if (is_copy_of_label(reasons[c])) {
        warnings.push_back(fmt::format(
            "column {} is ignored: {}; if it is known before the label is, remove its line from "
            "data.columns",
            quoted, reasons[c]));
      }
      continue;
    }
    if (columns[c].is_in_order && roles.marks.empty()) {
      warnings.push_back(warning_of_order(columns[c]));
    }
    if (columns[c].is_text) typed.push_back(json_quote(columns[c].name) + ": text");
    if (!columns[c].is_date()) continue;
    typed.push_back(json_quote(columns[c].name) + ": date");
    is_ambiguous = is_ambiguous || columns[c].dates.left().size() > 1;
  }
  // Mean also where training has no gap: one in a later row would end predict and serve, which tell
  // of it anyway.
  std::string lines = "  missing: mean                      # empty cells: error | mean | drop\n";
  if (columns[label].missing > 0) {
    lines += "  missing_label: drop                # rows without a label: error | drop\n";
  }
  if (ignored.empty() && typed.empty()) return lines;
  lines += "  columns:\n";
  for (const std::string& column : typed) lines += "    " + column + "\n";
  for (const std::string& column : ignored) lines += column;
  if (is_ambiguous) {
    lines += "  dates: day_first                  # or month_first: no cell tells\n";
    warnings.emplace_back(
        "in the dates the day could come first or the month: data.dates is written as day_first; "
        "correct it if that is wrong");
  }
  return lines;
}

}  // namespace maas
