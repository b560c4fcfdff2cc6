#include "sample/table_encoder.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>
#include <unordered_map>

#include "base/throw_error.h"

namespace maas {
namespace {

// Running mean and variance (Welford 1962): no cancellation for large values.
class Moments {
 public:
  void add(double value) {
    ++count_;
    const double before = value - mean_;
    mean_ += before / static_cast<double>(count_);
    squares_ += before * (value - mean_);
  }
  void store(ColumnSpec& column) const {
    column.mean = mean_;
    const double std_dev = count_ > 0 ? std::sqrt(squares_ / static_cast<double>(count_)) : 0;
    // A constant column: dividing by 1 keeps it at 0 instead of blowing up rounding errors.
    const bool varies = std_dev > 1e-12 * std::max(1.0, std::abs(mean_));
    column.std_dev = varies && std::isfinite(std_dev) ? std_dev : 1;
  }

 private:
  int64_t count_ = 0;
  double mean_ = 0, squares_ = 0;
};

float encode_number(const CellGrid& cells, int64_t row, int64_t column, const ColumnSpec& spec) {
  const std::string_view cell = cells.at(row, column);
  const std::optional<double> number = parse_number(cell);
  if (!number) {
    throw_input(cells.place(row, column),
                fmt::format("'{}' in column '{}' is not a finite number", cell, spec.name),
                "a number, as in training",
                "correct it, or declare the column categorical and train anew");
  }
  if (std::abs(*number) > std::numeric_limits<float>::max()) {
    throw_input(cells.place(row, column),
                fmt::format("{} in column '{}' does not fit float32", cell, spec.name),
                "at most 3.4e38", "use another unit");
  }
  return static_cast<float>(*number);
}

void refuse_missing(const CellGrid& cells, int64_t row, int64_t column, const ColumnSpec& spec) {
  throw_input(cells.place(row, column),
              fmt::format("the value of column '{}' is missing", spec.name), "a value",
              "fill it in, or train with data.missing: mean");
}

at::Tensor encode_numeric(const CellGrid& cells, const InputSpec& spec, int64_t width) {
  at::Tensor out = at::empty({cells.rows(), width}, at::kFloat);
  auto* to = out.mutable_data_ptr<float>();
  for (int64_t row = 0; row < cells.rows(); ++row) {
    for (size_t c = 0; c < spec.columns.size(); ++c) {
      const ColumnSpec& column = spec.columns[c];
      if (column.categorical) continue;
      const auto at = static_cast<int64_t>(c);
      if (!is_missing(cells.at(row, at))) {
        *to++ = encode_number(cells, row, at, column);
        continue;
      }
      if (spec.missing == "error") refuse_missing(cells, row, at, column);
      *to++ = static_cast<float>(column.mean);
    }
  }
  return out;
}

using CategoryIndex = std::unordered_map<std::string_view, int64_t>;

void encode_category_column(const CellGrid& cells, const InputSpec& spec, size_t c, int64_t stride,
                            int64_t* to, EncodedTable& table) {
  const ColumnSpec& column = spec.columns[c];
  const auto at = static_cast<int64_t>(c);
  UnknownValues unknown;
  unknown.column = column.name;
  CategoryIndex index;
  for (const std::string& category : column.categories) {
    index.emplace(category, static_cast<int64_t>(index.size()) + 1);
  }
  for (int64_t row = 0; row < cells.rows(); ++row, to += stride) {
    const std::string_view cell = cells.at(row, at);
    if (is_missing(cell)) {
      if (spec.missing == "error") refuse_missing(cells, row, at, column);
      *to = 0;
      continue;
    }
    const auto found = index.find(cell);
    *to = found == index.end() ? 0 : found->second;
    if (found != index.end()) continue;
    if (unknown.count++ > 0) continue;
    unknown.first = cell;
    unknown.first_place = cells.place(row, at);
  }
  if (unknown.count > 0) table.unknown.push_back(std::move(unknown));
}

}  // namespace

bool is_missing(std::string_view cell) {
  static constexpr std::array<std::string_view, 8> kMissing = {"",    "?",   "NA",   "N/A",
                                                               "NaN", "nan", "null", "NULL"};
  return std::find(kMissing.begin(), kMissing.end(), cell) != kMissing.end();
}

std::optional<double> parse_number(std::string_view cell) {
  if (cell.size() > 1 && cell[0] == '+' && cell[1] != '-') cell.remove_prefix(1);
  double number = 0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), number);
  if (error != std::errc() || end != cell.data() + cell.size() || !std::isfinite(number)) {
    return std::nullopt;
  }
  return number;
}

std::string to_text(const UnknownValues& unknown) {
  return fmt::format(
      "column '{}': {} value{} of categories that training did not have count{} as unknown "
      "(first: {}: '{}')",
      unknown.column, unknown.count, unknown.count == 1 ? "" : "s", unknown.count == 1 ? "s" : "",
      unknown.first_place, unknown.first);
}

EncodedTable encode_table(const CellGrid& cells, const InputSpec& spec) {
  const auto categorical = static_cast<int64_t>(spec.categorical_columns().size());
  const int64_t numeric = static_cast<int64_t>(spec.columns.size()) - categorical;
  EncodedTable table;
  if (numeric > 0) table.inputs.push_back(encode_numeric(cells, spec, numeric));
  if (categorical == 0) return table;
  at::Tensor out = at::empty({cells.rows(), categorical}, at::kLong);
  auto* to = out.mutable_data_ptr<int64_t>();
  for (size_t c = 0; c < spec.columns.size(); ++c) {
    if (spec.columns[c].categorical)
      encode_category_column(cells, spec, c, categorical, to++, table);
  }
  table.inputs.push_back(out);
  return table;
}

std::vector<at::Tensor> encode_rows(const CellGrid& cells, const InputSpec& spec,
                                    const std::string& name, std::vector<std::string>* warnings) {
  EncodedTable table = encode_table(cells, spec);
  if (warnings == nullptr) return std::move(table.inputs);
  for (const UnknownValues& unknown : table.unknown) {
    warnings->push_back(name + ": " + to_text(unknown));
  }
  return std::move(table.inputs);
}

ColumnSpec learn_column(const CellGrid& cells, int64_t column, const std::string& name,
                        const std::string& type, const at::Tensor& index) {
  ColumnSpec spec;
  spec.name = name;
  const auto* rows = index.const_data_ptr<int64_t>();
  Moments moments;
  int64_t present = 0;
  bool numeric = type != "categorical";
  for (int64_t i = 0; i < index.size(0) && numeric; ++i) {
    const std::string_view cell = cells.at(rows[i], column);
    if (is_missing(cell)) continue;
    ++present;
    if (const auto number = parse_number(cell)) {
      moments.add(*number);
    } else {
      numeric = type == "numeric";  // encode_table names the cell
    }
  }
  if (numeric && present == 0) {
    throw_input(
        cells.place(rows[0], column),
        fmt::format("column '{}' has no value in the {} training rows", name, index.size(0)),
        "at least one value", fmt::format("set data.columns.{}: ignore", name));
  }
  if (numeric) {
    moments.store(spec);
    return spec;
  }
  spec.categorical = true;
  std::set<std::string_view> values;
  for (int64_t i = 0; i < index.size(0); ++i) {
    const std::string_view cell = cells.at(rows[i], column);
    if (!is_missing(cell)) values.insert(cell);
  }
  spec.categories.assign(values.begin(), values.end());
  return spec;
}

void measure_numeric_columns(const at::Tensor& values, const at::Tensor& index,
                             std::vector<ColumnSpec>& columns) {
  const auto* data = values.const_data_ptr<float>();
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
