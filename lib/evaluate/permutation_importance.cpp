#include "evaluate/permutation_importance.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "data/batches.h"
#include "data/tensor_dataset.h"
#include "evaluate/evaluate.h"
#include "run/plan.h"
#include "tensor/random.h"

namespace maas {
namespace {

constexpr int64_t kFewestRows = 200;

// Where a column's values lie: some columns of one input.
struct ColumnPlace {
  std::string name;
  size_t input = 0;
  int64_t first = 0, count = 1;
};

std::vector<ColumnPlace> places_of(const InputSpec& input) {
  std::vector<ColumnPlace> places;
  const size_t categorical = input.numeric_features().empty() ? 0 : 1;
  const size_t text = categorical + (input.categorical_columns().empty() ? 0 : 1);
  int64_t number = 0, category = 0;
  std::string texts;  // they share an input
  for (const ColumnSpec& column : input.columns) {
    if (column.is_text()) {
      texts += (texts.empty() ? "" : ", ") + column.name;
      continue;
    }
    if (column.is_categorical()) {
      places.push_back({column.name, categorical, category++, 1});
      continue;
    }
    const int64_t count = column.date ? static_cast<int64_t>(column.date_parts.size()) : 1;
    if (count > 0) places.push_back({column.name, 0, number, count});
    number += count;
  }
  if (!texts.empty()) places.push_back({texts, text, 0, input.text.pieces});
  return places;
}

// How many rows and repeats the bounds allow; 0 repeats = too much.
struct Effort {
  int64_t rows = 0, repeats = 0;
};

Effort effort_of(int64_t rows, int64_t columns, int64_t parameters,
                 const ImportanceOptions& options) {
  const double answers =
      std::min(options.most_answers,
               options.most_products / static_cast<double>(std::max<int64_t>(parameters, 1)));
  const auto fewest = std::min(rows, kFewestRows);
  const auto a_column = static_cast<int64_t>(answers / static_cast<double>(columns));
  Effort effort;
  effort.repeats = std::min(options.repeats, a_column / fewest);
  if (effort.repeats < 1) return {};
  effort.rows = std::clamp(a_column / effort.repeats, fewest, std::min(rows, options.most_rows));
  return effort;
}

// The rows of a data set in memory, one column of them shuffled where that is asked.
class ShuffledRows {
 public:
  ShuffledRows(const Dataset& dataset, const at::Tensor& index)
      : spec_(dataset.spec()), batch_(dataset.rows(index)) {}

  std::shared_ptr<const Dataset> as_they_are() const { return made_of(batch_.inputs); }

  std::shared_ptr<const Dataset> with(const ColumnPlace& place, const at::Tensor& order) const {
    std::vector<at::Tensor> inputs = batch_.inputs;
    at::Tensor& input = inputs.at(place.input);
    input = input.clone();
    at::Tensor column = input.narrow(1, place.first, place.count);
    column.copy_(column.index_select(0, order));
    return made_of(std::move(inputs));
  }

 private:
  std::shared_ptr<const Dataset> made_of(std::vector<at::Tensor> inputs) const {
    return tensor_dataset({.inputs = std::move(inputs),
                           .targets = batch_.targets,
                           .spec = spec_,
                           .name_of = [](int64_t row) { return std::to_string(row); }});
  }

  DataSpec spec_;
  Batch batch_;
};

ColumnImportance summed_up(const std::string& column, const std::vector<double>& drops) {
  const at::Tensor all = at::tensor(drops, at::kDouble);
  return {column, all.mean().item<double>(), all.std(0, /*unbiased=*/false).item<double>()};
}

}  // namespace

Importance permutation_importance(const Program& program, const Dataset& dataset,
                                  const TaskSpec& task, const ImportanceOptions& options) {
  Importance found{.metric = options.metric, .rows_in_all = dataset.size(), .columns = {}};
  const InputSpec& input = dataset.spec().input;
  if (input.kind != InputKind::kTable || dataset.size() == 0) return found;
  const std::vector<ColumnPlace> places = places_of(input);
  if (places.empty()) return found;
  const Effort effort = effort_of(dataset.size(), static_cast<int64_t>(places.size()),
                                  program.parameter_count(), options);
  if (effort.repeats == 0) {
    found.note = fmt::format("not measured: {} columns of a network of {} parameters cost too much",
                             places.size(), program.parameter_count());
    return found;
  }
  found.rows = effort.rows, found.repeats = effort.repeats;
  at::Tensor index = at::arange(dataset.size(), at::kLong);
  if (effort.rows < dataset.size()) {
    index = permutation(dataset.size(), mix_seed(options.seed, "importance rows"), 0);
    index = std::get<0>(index.slice(0, 0, effort.rows).sort());
    found.note = fmt::format("measured on a sample of {} of {} rows", effort.rows, dataset.size());
  }
  const auto plan = Plan::compile(
      scored_program(program, task.kind),
      {.plan_for = PlanFor::kInference, .rows = std::min(options.batch_size, effort.rows)});
  const auto measured = [&](const Dataset& rows) {
    const Predictions answers = predict_all(*plan, rows, task, options.batch_size);
    return compute_metrics(answers, {options.metric}).values.at(options.metric);
  };
  const ShuffledRows rows(dataset, index);
  found.value = measured(*rows.as_they_are());
  const double sign = higher_is_better(options.metric) ? 1 : -1;
  const uint64_t seed = mix_seed(options.seed, "importance");
  for (const ColumnPlace& place : places) {
    std::vector<double> drops;
    for (int64_t repeat = 0; repeat < effort.repeats; ++repeat) {
      const auto stream = found.columns.size() * static_cast<uint64_t>(options.repeats) +
                          static_cast<uint64_t>(repeat);
      const at::Tensor order = permutation(effort.rows, seed, stream);
      drops.push_back(sign * (found.value - measured(*rows.with(place, order))));
    }
    found.columns.push_back(summed_up(place.name, drops));
  }
  std::stable_sort(found.columns.begin(), found.columns.end(),
                   [](const auto& a, const auto& b) { return a.mean > b.mean; });
  return found;
}

}  // namespace maas
