#include "eval_slices.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>
#include <unordered_map>

#include "base/throw_error.h"
#include "data/read_csv_file.h"
#include "sample/cell_text.h"
#include "sample/csv_grid.h"
#include "sample/labels.h"

namespace maas {
namespace {

constexpr size_t kMostValues = 100;
constexpr size_t kMostNumbers = 20;  // more are put into quarters

// The line in "table.csv:17".
int64_t line_in(const std::string& name) {
  const size_t colon = name.rfind(':');
  int64_t line = -1;
  if (colon != name.npos) {
    std::from_chars(name.data() + colon + 1, name.data() + name.size(), line);
  }
  MAAS_CHECK(line > 0);  // names of rows of a table
  return line;
}

// What the column says of each row of the data set.
std::vector<std::string> cells_of(const SliceRequest& request, const std::string& column) {
  const CsvGrid grid = read_csv_file(request.path, request.config.table_format(),
                                     {.has_header = request.config.header});
  const int64_t at = grid.find(column);
  const RowLines lines = grid.lines();
  std::unordered_map<int64_t, int64_t> row_of;
  for (int64_t row = 0; row < lines.size(); ++row) row_of.emplace(lines[row], row);
  std::vector<std::string> cells;
  for (int64_t i = 0; i < request.dataset.size(); ++i) {
    const Cell cell = grid.cell(row_of.at(line_in(request.dataset.name_of(i))), at);
    cells.emplace_back(is_missing(cell, request.config.table_format()) ? "(missing)" : cell.view());
  }
  return cells;
}

// Numbers of many values -> the quarter that each lies in. False where they are something else.
bool put_into_quarters(std::vector<std::string>& cells, const TableFormat& format) {
  std::vector<double> numbers, sorted;
  for (const std::string& cell : cells) {
    const auto number = parse_number(cell, format, sign_of(cell));
    if (!number && cell != "(missing)") return false;
    numbers.push_back(number.value_or(0));
    if (number) sorted.push_back(*number);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> edges;
  for (const size_t quarter : {1, 2, 3, 4}) {
    const double edge = sorted[quarter * sorted.size() / 4 - (quarter == 4 ? 1 : 0)];
    if (edges.empty() || edge > edges.back()) edges.push_back(edge);
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    if (cells[i] == "(missing)") continue;
    const auto upper = std::lower_bound(edges.begin(), edges.end(), numbers[i]);
    cells[i] = upper == edges.begin() ? fmt::format("up to {:g}", *upper)
                                      : fmt::format("{:g} to {:g}", *std::prev(upper), *upper);
  }
  return true;
}

// The values in an order that a reader expects; of quarters that in which they come.
std::vector<std::string> ordered(const std::vector<std::string>& cells) {
  const std::set<std::string_view> values(cells.begin(), cells.end());
  return sorted_labels(values);
}

double lower_edge(const std::string& value) {
  double number = 0;
  const size_t to = value.find(" to ");
  if (value.starts_with("up to ")) return -1e300;
  std::from_chars(value.data(), value.data() + (to == value.npos ? 0 : to), number);
  return number;
}

}  // namespace

SlicedBy slice_by(const SliceRequest& request, const Predictions& predictions,
                  const std::string& column) {
  if (request.config.type != "csv") {
    throw_usage("command line: --by", fmt::format("data of the type {}", request.config.type),
                "a table (csv)", "leave --by out");
  }
  std::vector<std::string> cells = cells_of(request, column);
  std::vector<std::string> values = ordered(cells);
  // Numbers are written as the model has them: a config may leave that open.
  if (values.size() > kMostNumbers &&
      put_into_quarters(cells, request.dataset.spec().input.format)) {
    values = ordered(cells);
    std::stable_sort(values.begin(), values.end(),
                     [](const auto& a, const auto& b) { return lower_edge(a) < lower_edge(b); });
  }
  if (values.size() > kMostValues) {
    throw_usage("command line: --by",
                fmt::format("column '{}' has {} values", column, values.size()),
                fmt::format("at most {}, or numbers", kMostValues), "name a column of groups");
  }
  SlicedBy sliced{column, {}};
  for (const std::string& value : values) {
    std::vector<int64_t> rows;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (cells[i] == value) rows.push_back(static_cast<int64_t>(i));
    }
    const at::Tensor index = at::tensor(rows, at::kLong);
    Predictions part = predictions;
    part.outputs = predictions.outputs.index_select(0, index);
    part.targets = predictions.targets.index_select(0, index);
    sliced.slices.push_back({value, compute_metrics(part, request.metrics)});
  }
  return sliced;
}

}  // namespace maas
