#include "sample/guess_numbers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <set>

#include "sample/cell_text.h"

namespace maas {
namespace {

// The default first, then the simpler ones.
constexpr std::array<std::array<const char*, 2>, 8> kReadings = {
    {{".", ""}, {",", ""}, {".", ","}, {",", "."}, {".", " "}, {",", " "}, {".", "'"}, {",", "'"}}};

// What one column says of each reading.
struct Verdict {
  const CellColumn* column = nullptr;
  std::vector<bool> reads;       // all cells are numbers
  std::vector<uint64_t> values;  // a digest of these numbers
  std::string_view telling;      // the first cell that the default does not read

  bool is_numeric() const { return std::find(reads.begin(), reads.end(), true) != reads.end(); }
};

uint64_t mixed(uint64_t digest, double value) {
  return (digest ^ std::bit_cast<uint64_t>(value)) * 0x9e3779b97f4a7c15 + 1;
}

// "1,234.5", and not "1,234".
bool has_one_value(std::string_view cell, std::string_view sign,
                   const std::vector<TableFormat>& readings) {
  std::set<double> values;
  for (const TableFormat& reading : readings) {
    if (const auto number = parse_number(cell, reading, sign)) values.insert(*number);
  }
  return values.size() == 1;
}

Verdict verdict_of(const CellColumn& column, const std::vector<TableFormat>& readings) {
  Verdict verdict{&column, std::vector<bool>(readings.size(), true),
                  std::vector<uint64_t>(readings.size()), ""};
  int64_t present = 0, told = 0;  // cells; those that the default does not read
  bool is_sure = false;           // a cell that only one reading makes sense of
  for (int64_t row = 0; row < column.rows && verdict.is_numeric(); ++row) {
    const std::string_view cell = column.at(row);
    if (is_missing_number(cell, readings[0])) continue;
    ++present;
    const std::string_view sign = sign_of(cell);
    const std::optional<double> by_default = parse_number(cell, readings[0], sign);
    if (!by_default) {
      if (told++ == 0) verdict.telling = cell;
      is_sure = is_sure || has_one_value(cell, sign, readings);
    }
    // Digits alone say the same in every reading, with a point in those of the same point: most
    // cells are such, and are parsed once.
    const bool is_digits = cell.find_first_not_of("0123456789-") == cell.npos;
    const bool is_plain = cell.find_first_not_of("0123456789-.") == cell.npos;
    for (size_t r = 0; r < readings.size(); ++r) {
      if (!verdict.reads[r]) continue;
      const bool is_same = is_digits || r == 0 ||
                           (is_plain && readings[0].decimal == "." && readings[r].decimal == "." &&
                            readings[0].thousands != "." && readings[r].thousands != ".");
      const auto number = is_same ? by_default : parse_number(cell, readings[r], sign);
      verdict.reads[r] = number.has_value();
      if (number) verdict.values[r] = mixed(verdict.values[r], *number);
    }
  }
  // A stray cell that could be two things says nothing of the others.
  const bool is_stray = told > 0 && !is_sure && present - told >= 9 * told;
  if (present == 0 || is_stray) verdict.reads.assign(readings.size(), false);
  return verdict;
}

std::string in_words(const TableFormat& reading) {
  std::string text = fmt::format("'{}' before the decimals", reading.decimal);
  if (!reading.thousands.empty()) {
    text += fmt::format(" and '{}' between thousands", reading.thousands);
  }
  return text;
}

}  // namespace

NumberGuess guess_numbers(const std::vector<CellColumn>& columns, const TableFormat& format) {
  std::vector<TableFormat> readings;
  for (const auto& [decimal, thousands] : kReadings) {
    TableFormat reading = format;
    if (format.decimal == "auto") reading.decimal = decimal;
    if (format.thousands == "auto") reading.thousands = thousands;
    const bool is_new = std::find(readings.begin(), readings.end(), reading) == readings.end();
    if (is_new && reading.decimal != reading.thousands) readings.push_back(reading);
  }
  if (readings.size() == 1) return {readings[0], ""};
  std::vector<Verdict> numeric;  // columns that some reading makes numbers of
  for (const CellColumn& column : columns) {
    Verdict verdict = verdict_of(column, readings);
    if (verdict.is_numeric()) numeric.push_back(std::move(verdict));
  }
  const auto telling = std::find_if(numeric.begin(), numeric.end(),
                                    [](const Verdict& verdict) { return !verdict.reads[0]; });
  if (telling == numeric.end()) return {readings[0], ""};
  std::vector<size_t> fitting;
  for (size_t r = 1; r < readings.size(); ++r) {
    const bool fits = std::all_of(numeric.begin(), numeric.end(),
                                  [r](const Verdict& verdict) { return verdict.reads[r]; });
    if (fits) fitting.push_back(r);
  }
  const std::string here =
      fmt::format("column '{}' ('{}')", telling->column->name, telling->telling);
  if (fitting.empty()) {
    return {
        readings[0],
        fmt::format("numbers: those of {} and of other columns are not written in one way: they "
                    "are read with {}; data.decimal and data.thousands say otherwise",
                    here, in_words(readings[0]))};
  }
  for (const Verdict& verdict : numeric) {
    for (const size_t r : fitting) {
      if (verdict.values[r] == verdict.values[fitting[0]]) continue;
      return {readings[0],
              fmt::format("numbers: those of {} can be read with {} or with {}: they stay text; "
                          "data.decimal and data.thousands say which",
                          here, in_words(readings[fitting[0]]), in_words(readings[r]))};
    }
  }
  return {readings[fitting[0]],
          fmt::format("numbers are read with {}, as {} has them; data.decimal and data.thousands "
                      "say otherwise",
                      in_words(readings[fitting[0]]), here)};
}

}  // namespace maas
