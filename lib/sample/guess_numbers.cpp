#include "sample/guess_numbers.h"

#include <ATen/Parallel.h>
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
class Verdict {
 public:
  Verdict(const CellColumn& column, const std::vector<TableFormat>& readings)
      : readings_(&readings),
        column_(&column),
        reads_(readings.size(), true),
        values_(readings.size()),
        left_(readings.size()) {}

  void add(std::string_view cell);
  // Of all rows from `row` to before `end` that are known to say nothing; returns the first that
  // may.
  int64_t skip(int64_t row, int64_t end);
  void finish();

  bool is_numeric() const { return left_ > 0; }  // some reading has read all so far
  const CellColumn& column() const { return *column_; }
  bool reads(size_t reading) const { return reads_[reading]; }  // all cells as numbers
  // A digest of those that do not say the same by default.
  uint64_t values(size_t reading) const { return values_[reading]; }
  const std::string& telling() const {
    return telling_;
  }  // the first that the default does not read

 private:
  const std::vector<TableFormat>* readings_;
  const CellColumn* column_;
  std::vector<bool> reads_;
  std::vector<uint64_t> values_;
  size_t left_;  // readings that have read all cells
  std::string telling_;
  int64_t present_ = 0, told_ = 0;  // cells; those that the default does not read
  bool is_sure_ = false;            // a cell that only one reading makes sense of
};

uint64_t mixed(uint64_t digest, double value) {
  return (digest ^ std::bit_cast<uint64_t>(value)) * 0x9e3779b97f4a7c15 + 1;
}

// Digits with at most one point among them, and a minus in front: at most 100, so that it is
// finite.
struct PlainNumber {
  bool is_one = false, has_point = false;
};

PlainNumber plain_number(std::string_view cell) {
  PlainNumber plain;
  if (cell.starts_with('-')) cell.remove_prefix(1);
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (cell.empty() || cell.size() > 100 || !is_digit(cell.front()) || !is_digit(cell.back())) {
    return plain;
  }
  for (const char c : cell) {
    if (is_digit(c)) continue;
    if (c != '.' || plain.has_point) return plain;
    plain.has_point = true;
  }
  plain.is_one = true;
  return plain;
}

// Whether "1.5" is one and a half.
bool reads_points(const TableFormat& reading) {
  return reading.decimal == "." && reading.thousands != ".";
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

void Verdict::add(std::string_view cell) {
  const std::vector<TableFormat>& readings = *readings_;
  if (is_missing_number(cell, readings[0])) return;
  ++present_;
  const PlainNumber plain = plain_number(cell);
  const std::string_view sign = plain.is_one ? std::string_view() : sign_of(cell);
  const bool known = plain.is_one && (!plain.has_point || reads_points(readings[0]));
  const std::optional<double> by_default =
      known ? std::nullopt : parse_number(cell, readings[0], sign);
  if (!known && !by_default) {
    if (told_++ == 0) telling_ = cell;
    is_sure_ = is_sure_ || has_one_value(cell, sign, readings);
  }
  for (size_t r = 0; r < readings.size(); ++r) {
    // Most cells say the same in every reading that is left, and are not parsed.
    if (!reads_[r] || (known && (!plain.has_point || reads_points(readings[r])))) continue;
    const auto number = r == 0 ? by_default : parse_number(cell, readings[r], sign);
    if (!number) {
      reads_[r] = false;
      --left_;
      continue;
    }
    values_[r] = mixed(values_[r] + static_cast<uint64_t>(present_), *number);
  }
}

int64_t Verdict::skip(int64_t row, int64_t end) {
  if (!column_->next_odd || !(*readings_)[0].missing_values.empty()) return row;
  bool points = false;
  for (size_t r = 0; r < reads_.size(); ++r) {
    points = points || (reads_[r] && !reads_points((*readings_)[r]));
  }
  if (!reads_points((*readings_)[0])) points = true;
  const int64_t odd = std::min(column_->next_odd(row, points), end);
  present_ += odd - row;
  return odd;
}

void Verdict::finish() {
  // A stray cell that could be two things says nothing of the others.
  const bool is_stray = told_ > 0 && !is_sure_ && present_ - told_ >= 9 * told_;
  if (present_ == 0 || is_stray) left_ = 0;
}

// Rows whose cells stay in a core's cache while one column after the other looks at them.
constexpr int64_t kBlock = 4096;

// Of the columns that some reading makes numbers of.
std::vector<Verdict> verdicts_of(const std::vector<CellColumn>& columns,
                                 const std::vector<TableFormat>& readings) {
  std::vector<Verdict> verdicts;
  int64_t rows = 0;
  for (const CellColumn& column : columns) {
    verdicts.emplace_back(column, readings);
    rows = std::max(rows, column.rows);
  }
  for (int64_t first = 0; first < rows; first += kBlock) {
    at::parallel_for(0, static_cast<int64_t>(columns.size()), 1, [&](int64_t from, int64_t to) {
      for (int64_t c = from; c < to; ++c) {
        Verdict& verdict = verdicts[static_cast<size_t>(c)];
        const CellColumn& column = verdict.column();
        const int64_t end = std::min(first + kBlock, column.rows);
        for (int64_t row = first; row < end && verdict.is_numeric(); ++row) {
          row = verdict.skip(row, end);
          if (row == end) break;
          const Cell cell = column.at(row);
          verdict.add(cell);
        }
      }
    });
  }
  for (Verdict& verdict : verdicts) verdict.finish();
  std::erase_if(verdicts, [](const Verdict& verdict) { return !verdict.is_numeric(); });
  return verdicts;
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
  const std::vector<Verdict> numeric = verdicts_of(columns, readings);
  const auto telling = std::find_if(numeric.begin(), numeric.end(),
                                    [](const Verdict& verdict) { return !verdict.reads(0); });
  if (telling == numeric.end()) return {readings[0], ""};
  std::vector<size_t> fitting;
  for (size_t r = 1; r < readings.size(); ++r) {
    const bool fits = std::all_of(numeric.begin(), numeric.end(),
                                  [r](const Verdict& verdict) { return verdict.reads(r); });
    if (fits) fitting.push_back(r);
  }
  const std::string here =
      fmt::format("column '{}' ('{}')", telling->column().name, telling->telling());
  if (fitting.empty()) {
    return {
        readings[0],
        fmt::format("numbers: those of {} and of other columns are not written in one way: they "
                    "are read with {}; data.decimal and data.thousands say otherwise",
                    here, in_words(readings[0]))};
  }
  for (const Verdict& verdict : numeric) {
    for (const size_t r : fitting) {
      if (verdict.values(r) == verdict.values(fitting[0])) continue;
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
