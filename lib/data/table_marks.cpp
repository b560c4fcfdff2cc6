#include "data/table_marks.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "base/throw_error.h"
#include "sample/date_time.h"

namespace maas {
namespace {

constexpr const char* kLabel = "the label";

using Cells = std::vector<std::string_view>;

// One for each row; none may be missing. `what` the column is, for messages.
Cells cells_of(const CsvGrid& grid, const std::string& name, const std::string& what,
               const TableFormat& format) {
  const int64_t column = grid.find(name);
  Cells cells;
  for (int64_t row = 0; row < grid.rows(); ++row) {
    cells.push_back(grid.text(row, column));
    if (!is_missing(cells.back(), format)) continue;
    throw_input(grid.cell_place(row, column), fmt::format("{} '{}' is missing", what, name),
                "a value",
                what == kLabel ? "fill it in, remove the row, or set data.missing_label: drop"
                               : "fill it in or remove the row");
  }
  return cells;
}

at::Tensor as_tensor(const std::vector<int64_t>& numbers) {
  at::Tensor out = at::empty({static_cast<int64_t>(numbers.size())}, at::kLong);
  std::copy(numbers.begin(), numbers.end(), out.mutable_data_ptr<int64_t>());
  return out;
}

// Equal cells have equal numbers, from 0 in the order in which they come.
at::Tensor numbered(const Cells& cells) {
  std::unordered_map<std::string_view, int64_t> known;
  std::vector<int64_t> numbers;
  for (const std::string_view cell : cells) {
    numbers.push_back(known.emplace(cell, static_cast<int64_t>(known.size())).first->second);
  }
  return as_tensor(numbers);
}

// The number of each cell, or its place in time; nothing where the cells are text.
std::vector<double> places_of(const Cells& cells, const DataConfig& config,
                              const TableFormat& format) {
  DateOrders orders;
  bool numbers = true;
  for (const std::string_view cell : cells) {
    orders.add(cell);
    numbers = numbers && parse_number(cell, format);
  }
  std::vector<double> places;
  if (numbers) {
    for (const std::string_view cell : cells) places.push_back(*parse_number(cell, format));
    return places;
  }
  std::vector<DateOrder> left = orders.left();
  if (left.size() > 1 && config.dates != "auto") left = {*date_order_of(config.dates)};
  if (left.empty()) return {};
  if (left.size() > 1) {
    throw_input(
        "data.order",
        fmt::format("in the dates of column '{}' the day could come first or the month ('{}')",
                    config.order, cells[0]),
        "dates that can be read in one way", "set data.dates: day_first or month_first");
  }
  for (const std::string_view cell : cells) {
    places.push_back(parse_date(cell, left[0])->seconds_since_1970());
  }
  return places;
}

at::Tensor ranked(const Cells& cells, const std::vector<double>& places) {
  const auto before = [&](int64_t a, int64_t b) {
    return places.empty() ? cells[a] < cells[b] : places[a] < places[b];
  };
  std::vector<int64_t> rows(cells.size()), ranks(cells.size());
  std::iota(rows.begin(), rows.end(), 0);
  std::sort(rows.begin(), rows.end(), before);
  for (size_t i = 1; i < rows.size(); ++i) {
    ranks[rows[i]] = ranks[rows[i - 1]] + (before(rows[i - 1], rows[i]) ? 1 : 0);
  }
  return as_tensor(ranks);
}

}  // namespace

RowMarks table_marks(const CsvGrid& grid, const DataConfig& config, const TableFormat& format) {
  RowMarks marks;
  if (config.task_kind() == TaskKind::kClassification) {
    marks.classes = numbered(cells_of(grid, config.label_columns()[0], kLabel, format));
  }
  if (!config.group.empty()) {
    marks.groups =
        numbered(cells_of(grid, config.group, "the value of data.group, column", format));
  }
  if (!config.order.empty()) {
    const Cells cells = cells_of(grid, config.order, "the value of data.order, column", format);
    marks.ranks = ranked(cells, places_of(cells, config, format));
  }
  return marks;
}

}  // namespace maas
