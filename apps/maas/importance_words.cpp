#include "importance_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/shown_text.h"
#include "judge_run.h"

namespace maas {

Importance importance_of(const FitJob& job, const FitResult& result, const HeldOutResult& held) {
  const TaskSpec& task = held.spec.task;
  const std::string metric = metrics_to_compute(job.eval, task.kind).front();
  Importance found;
  try {
    found = permutation_importance(
        result.program, *held.rows, task,
        {.metric = metric, .seed = job.seed, .batch_size = job.eval.batch_size});
  } catch (const Error& error) {  // the model is there, and was measured
    found.metric = metric;
    found.note = "not measured: " + error.first().text();
  }
  if (held.by_folds && !found.columns.empty()) {
    found.note += (found.note.empty() ? "" : "; ") +
                  std::string("most of the averaged networks have learnt from these rows");
  }
  return found;
}

std::string importance_line(const Importance& importance) {
  constexpr size_t kTold = 4;
  std::string line;
  constexpr double kShown = 5e-5;  // less is printed as 0
  const bool any = std::ranges::any_of(
      importance.columns, [](const ColumnImportance& one) { return std::abs(one.mean) >= kShown; });
  if (!any && !importance.columns.empty() && std::isfinite(importance.columns[0].mean)) {
    return fmt::format(
        "without any one column {} stays as it is; the first of eval.metrics says by what columns "
        "are judged, and nll sees more than answers do",
        importance.metric);
  }
  for (size_t i = 0; i < std::min(importance.columns.size(), kTold); ++i) {
    const ColumnImportance& one = importance.columns[i];
    if (!std::isfinite(one.mean)) return "";  // the metric says nothing of these rows
    line += i == 0 ? fmt::format("without {}, {} is {:.4f} worse", shown_text(one.column),
                                 importance.metric, one.mean)
                   : fmt::format(", without {} {:.4f}", shown_text(one.column), one.mean);
  }
  return line;
}

std::vector<BarChart> importance_charts(const Importance& importance, const std::string& held_out) {
  if (importance.columns.empty()) return {};
  BarChart chart{
      .id = "importance",
      .title = "What it goes by",
      .note = fmt::format(
          "How much worse {} is on the {} rows when one column's values are shuffled among "
          "them, mean and deviation of {}. Columns that say the same share it.",
          importance.metric, held_out, importance.repeats),
      .value_label = fmt::format("{} lost, of {:.4f}", importance.metric, importance.value)};
  if (!importance.note.empty()) chart.note += " " + importance.note + ".";
  for (const ColumnImportance& one : importance.columns) {
    chart.bars.push_back({shown_text(one.column), one.mean, one.deviation});
  }
  return {chart};
}

void write_importance(JsonWriter& json, const Importance& importance) {
  if (importance.columns.empty() && importance.note.empty()) return;
  json.key("importance").begin_object();
  json.field("metric", importance.metric).field("value", importance.value);
  json.field("rows", importance.rows).field("repeats", importance.repeats);
  if (!importance.note.empty()) json.field("note", importance.note);
  json.key("columns").begin_array();
  for (const ColumnImportance& one : importance.columns) {
    json.begin_object().field("name", one.column).field("mean", one.mean);
    json.field("deviation", one.deviation).end_object();
  }
  json.end_array().end_object();
}

}  // namespace maas
