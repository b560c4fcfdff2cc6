// Types and statistics of columns, from the training rows.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/throw_error.h"
#include "sample/table_encoder.h"

namespace maas {
namespace {

// Running mean and variance (Welford 1962): no cancellation for large values. In long double, whose
// range holds the squares of very small and very large ones.
class Moments {
 public:
  void add(double value) {
    ++count_;
    const long double before = value - mean_;
    mean_ += before / static_cast<long double>(count_);
    squares_ += before * (value - mean_);
  }
  void store(ColumnSpec& column) const {
    column.mean = static_cast<double>(mean_);
    const auto std_dev = static_cast<double>(
        count_ > 0 ? std::sqrt(squares_ / static_cast<long double>(count_)) : 0);
    // Equal values leave no rounding error behind, so that a column without spread has exactly 0,
    // however small its values are. Dividing by 1 keeps it at 0.
    column.std_dev = std_dev > 0 && std::isfinite(std_dev) ? std_dev : 1;
  }

 private:
  int64_t count_ = 0;
  long double mean_ = 0, squares_ = 0;
};

constexpr size_t kManyNumbers = 20;

// What the cells of one column are, over the training rows.
struct Kinds {
  int64_t numbers = 0, others = 0;  // of those that are not missing
  std::set<double> values;          // of the numbers, kManyNumbers + 1 at most
  std::vector<int64_t> odd_rows;    // the first three of the others
};

Kinds kinds_of(const CellGrid& cells, int64_t column, const ColumnHint& hint,
               const at::Tensor& index) {
  Kinds kinds;
  const auto* rows = index.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < index.size(0); ++i) {
    const std::string_view cell = cells.at(rows[i], column);
    if (is_missing_number(cell, hint.format)) continue;
    if (const auto number = parse_number(cell, hint.format)) {
      ++kinds.numbers;
      if (kinds.values.size() <= kManyNumbers) kinds.values.insert(*number);
    } else {
      if (++kinds.others <= 3) kinds.odd_rows.push_back(rows[i]);
    }
  }
  return kinds;
}

// Codes such as 1, 2, 3, A are categories; 0.117, 2.31, 1.88, x are numbers with a stray cell.
bool is_numbers_with_odd_cells(const Kinds& kinds) {
  const auto different = static_cast<int64_t>(kinds.values.size());
  return kinds.others > 0 && kinds.numbers >= 9 * kinds.others &&
         (kinds.values.size() > kManyNumbers || 2 * different > kinds.numbers);
}

// The settings under which the cell would be a number, or "".
std::string setting_for(std::string_view cell, TableFormat format) {
  const std::string point = format.decimal;
  format.decimal = point == "." ? "," : ".";
  if (parse_number(cell, format)) return fmt::format("data.decimal: \"{}\"", format.decimal);
  format.decimal = point;
  for (const char* thousands : {",", ".", " ", "'"}) {
    format.thousands = thousands;
    if (thousands != point && parse_number(cell, format)) {
      return fmt::format("data.thousands: \"{}\"", thousands);
    }
  }
  return "";
}

[[noreturn]] void refuse_odd_cells(const CellGrid& cells, int64_t column, const ColumnHint& hint,
                                   const Kinds& kinds) {
  std::vector<std::string> odd;
  for (const int64_t row : kinds.odd_rows) {
    odd.push_back(fmt::format("'{}' ({})", cells.at(row, column), cells.place(row, column)));
  }
  const std::string first(cells.at(kinds.odd_rows[0], column));
  const std::string setting = setting_for(first, hint.format);
  throw_input(
      cells.place(kinds.odd_rows[0], column),
      fmt::format("column '{}' holds numbers in {} training rows, and in {} something else: {}{}",
                  hint.name, kinds.numbers, kinds.others, fmt::join(odd, ", "),
                  kinds.others > 3 ? ", ..." : ""),
      "numbers alone",
      fmt::format(
          "correct {}; if it means a missing value, set data.missing_values: [\"{}\"];{} if "
          "the column is none of numbers, data.columns.{}: categorical",
          kinds.others == 1 ? "it" : "them", first,
          setting.empty() ? "" : " if it is a number, " + setting + ";", hint.name));
}

// By the whole column where no type is declared.
bool is_numeric(const CellGrid& cells, int64_t column, const ColumnHint& hint,
                const at::Tensor& index) {
  if (!hint.type.empty()) return hint.type == "numeric";
  const Kinds kinds = kinds_of(cells, column, hint, index);
  if (is_numbers_with_odd_cells(kinds)) refuse_odd_cells(cells, column, hint, kinds);
  return kinds.others == 0;
}

}  // namespace

ColumnSpec learn_column(const CellGrid& cells, int64_t column, const ColumnHint& hint,
                        const at::Tensor& index) {
  ColumnSpec spec;
  spec.name = hint.name;
  const auto* rows = index.const_data_ptr<int64_t>();
  if (is_numeric(cells, column, hint, index)) {
    Moments moments;
    int64_t present = 0;
    for (int64_t i = 0; i < index.size(0); ++i) {
      const std::string_view cell = cells.at(rows[i], column);
      if (is_missing_number(cell, hint.format)) continue;
      ++present;
      // encode_table names a cell that is no number.
      if (const auto number = parse_number(cell, hint.format)) moments.add(*number);
    }
    if (present == 0) {
      throw_input(
          cells.place(rows[0], column),
          fmt::format("column '{}' has no value in the {} training rows", hint.name, index.size(0)),
          "at least one value", fmt::format("set data.columns.{}: ignore", hint.name));
    }
    moments.store(spec);
    return spec;
  }
  spec.categorical = true;
  std::set<std::string_view> values;
  for (int64_t i = 0; i < index.size(0); ++i) {
    const std::string_view cell = cells.at(rows[i], column);
    if (!is_missing(cell, hint.format)) values.insert(cell);
  }
  spec.categories.assign(values.begin(), values.end());
  return spec;
}

void measure_numeric_columns(const at::Tensor& values, const at::Tensor& index,
                             std::vector<ColumnSpec>& columns) {
  const at::Tensor doubles = values.to(at::kDouble);
  const auto* data = doubles.const_data_ptr<double>();
  const auto* rows = index.const_data_ptr<int64_t>();
  const int64_t width = values.size(1);
  for (int64_t c = 0; c < width; ++c) {
    Moments moments;
    for (int64_t i = 0; i < index.size(0); ++i) moments.add(data[rows[i] * width + c]);
    moments.store(columns[c]);
  }
}

std::vector<TargetScale> measure_targets(const at::Tensor& targets, const at::Tensor& index) {
  std::vector<ColumnSpec> columns(static_cast<size_t>(targets.size(1)));
  measure_numeric_columns(targets, index, columns);
  std::vector<TargetScale> scales;
  for (const ColumnSpec& column : columns) scales.push_back({column.mean, column.std_dev});
  return scales;
}

}  // namespace maas
