#include "data_profile.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/bincount.h>
#include <fmt/format.h>

#include <algorithm>

#include "record/report_text.h"

namespace maas {
namespace {

constexpr int64_t kMostRows = 100'000;
constexpr size_t kMostColumns = 200;
constexpr int64_t kMostCategories = 4;

using Row = std::vector<std::string>;

// Of float [R] without gaps: those count as the mean.
std::string range_text(const at::Tensor& values) {
  const at::Tensor all = values.to(at::kDouble);
  return fmt::format("{:.6g} to {:.6g}, mean {:.4g}", all.min().item<double>(),
                     all.max().item<double>(), all.mean().item<double>());
}

// Of int64 [R]: the most frequent of `names`, whose first has the index `first`.
std::string shares_text(const at::Tensor& values, const std::vector<std::string>& names,
                        int64_t first) {
  const at::Tensor counts =
      at::bincount(values, {}, static_cast<int64_t>(names.size()) + first).contiguous();
  std::vector<int64_t> order(names.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
  const int64_t* count = counts.const_data_ptr<int64_t>() + first;
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return count[a] > count[b]; });
  std::string text;
  const auto rows = static_cast<double>(values.size(0));
  const int64_t shown = std::min<int64_t>(kMostCategories, static_cast<int64_t>(order.size()));
  for (int64_t i = 0; i < shown; ++i) {
    text += fmt::format("{}{} {:.0f} %", i == 0 ? "" : ", ", names[order[i]],
                        100 * static_cast<double>(count[order[i]]) / rows);
  }
  const auto left = static_cast<int64_t>(order.size()) - shown;
  return left > 0 ? text + fmt::format(", {} more", left) : text;
}

// Of the input "text", int64 [R, P].
std::string pieces_text(const at::Tensor& values) {
  const at::Tensor counts = values.ne(0).sum(1).to(at::kDouble);
  return fmt::format("{:.0f} to {:.0f} pieces a row, mean {:.0f}", counts.min().item<double>(),
                     counts.max().item<double>(), counts.mean().item<double>());
}

std::string missing_text(const std::vector<MissingValues>& missing, const std::string& column) {
  for (const MissingValues& one : missing) {
    if (one.column == column) return grouped(one.count);
  }
  return "0";
}

class Profile {
 public:
  Profile(const Dataset& train, const at::Tensor& index)
      : spec_(train.spec()), missing_(train.missing()), batch_(train.rows(index)) {}

  std::vector<Row> rows() {
    std::vector<Row> rows = targets();
    const size_t categorical = spec_.input.numeric_features().empty() ? 0 : 1;
    int64_t number = 0, category = 0;
    for (const ColumnSpec& column : spec_.input.columns) {
      Row row = {column.name, "", missing_text(missing_, column.name), ""};
      if (column.is_text()) {
        row[1] = "text";
        row[3] = pieces_text(batch_.inputs.back());
      } else if (column.is_categorical()) {
        const at::Tensor values = batch_.inputs.at(categorical).select(1, category++);
        row[1] = fmt::format("{} categories", column.categories.size());
        row[3] = shares_text(values, column.categories, 1);
      } else if (column.date) {
        row[1] = "date";
        row[3] = fmt::format("{} parts of it", column.date_parts.size());
        number += static_cast<int64_t>(column.date_parts.size());
      } else {
        row[1] = column.sign.empty() ? "number" : "number, " + column.sign;
        row[3] = range_text(batch_.inputs.at(0).select(1, number++));
      }
      if (rows.size() < kMostColumns) rows.push_back(std::move(row));
    }
    return rows;
  }

 private:
  std::vector<Row> targets() const {
    const TaskSpec& task = spec_.task;
    if (task.kind == TaskKind::kClassification) {
      return {{"the class", fmt::format("{} classes", task.labels.size()), "",
               shares_text(batch_.targets, task.labels, 0)}};
    }
    std::vector<Row> rows;
    for (size_t k = 0; k < std::min(task.labels.size(), kMostColumns); ++k) {
      const at::Tensor values = batch_.targets.select(1, static_cast<int64_t>(k));
      if (task.kind == TaskKind::kRegression) {
        rows.push_back({task.labels[k], "the number to predict", "", range_text(values)});
      } else {
        const double share = values.to(at::kDouble).mean().item<double>();
        rows.push_back({task.labels[k], "label", "", fmt::format("{:.1f} % have it", 100 * share)});
      }
    }
    return rows;
  }

  const DataSpec& spec_;
  std::vector<MissingValues> missing_;
  Batch batch_;
};

}  // namespace

std::vector<ReportTable> data_profile(const Dataset& train) {
  if (train.spec().input.kind != InputKind::kTable || train.size() == 0) return {};
  const int64_t rows = std::min(train.size(), kMostRows);
  const at::Tensor index = at::arange(rows, at::kLong).mul(train.size()).floor_divide(rows);
  ReportTable table{.id = "profile", .title = "The data", .columns = {}, .rows = {}};
  table.note = rows < train.size() ? fmt::format("Values of {} of {} training rows; ",
                                                 grouped(rows), grouped(train.size()))
                                   : fmt::format("Values of the {} training rows; ", grouped(rows));
  table.note += "missing cells of the whole file.";
  table.columns = {"column", "kind", "missing", "values"};
  table.rows = Profile(train, index).rows();
  const size_t columns = train.spec().input.columns.size() + 1;
  if (table.rows.size() < columns)
    table.note += fmt::format(" The first {} columns.", table.rows.size());
  return {table};
}

}  // namespace maas
