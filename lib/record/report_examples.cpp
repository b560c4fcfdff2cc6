#include "record/report_examples.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "evaluate/class_scores.h"

namespace maas {
namespace {

// Index into the scores of every misclassified row, highest loss first.
std::vector<int64_t> mistakes_by_loss(const std::vector<RowScore>& scores) {
  std::vector<int64_t> wrong;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i].predicted != scores[i].target && !scores[i].is_broken()) {
      wrong.push_back(static_cast<int64_t>(i));
    }
  }
  std::stable_sort(wrong.begin(), wrong.end(), [&](int64_t a, int64_t b) {
    return scores[a].target_log_probability < scores[b].target_log_probability;
  });
  return wrong;
}

std::vector<int64_t> chosen(const std::vector<RowScore>& scores, const ExampleLimits& limits) {
  std::vector<int64_t> result;
  std::map<std::pair<int64_t, int64_t>, int64_t> taken;
  for (int64_t i : mistakes_by_loss(scores)) {
    if (static_cast<int64_t>(result.size()) >= limits.total) break;
    const RowScore& score = scores[i];
    int64_t& in_cell = taken[{score.target, score.predicted}];
    if (static_cast<int64_t>(result.size()) >= limits.worst && in_cell >= limits.per_cell) continue;
    ++in_cell;
    result.push_back(i);
  }
  return result;
}

// "age: 39", a line each. The batch holds raw values: it is the graph that
// standardises.
std::string row_text(const Batch& batch, const InputSpec& spec) {
  std::string text;
  const auto add = [&](const std::string& name, const std::string& value) {
    text += (text.empty() ? "" : "\n") + name + ": " + value;
  };
  size_t input = 0;
  if (const auto columns = spec.numeric_features(); !columns.empty()) {
    const at::Tensor row = batch.inputs[input++].to(at::kDouble).contiguous();
    for (size_t c = 0; c < columns.size(); ++c) {
      add(columns[c].name, fmt::format("{:.6g}", row.const_data_ptr<double>()[c]));
    }
  }
  if (const auto columns = spec.categorical_columns(); !columns.empty()) {
    const at::Tensor row = batch.inputs[input].to(at::kLong).contiguous();
    for (size_t c = 0; c < columns.size(); ++c) {
      const int64_t index = row.const_data_ptr<int64_t>()[c];
      const bool known = index > 0 && index <= static_cast<int64_t>(columns[c].categories.size());
      add(columns[c].name, known ? columns[c].categories[index - 1] : "?");
    }
  }
  return text;
}

// Of the picture on the page, before compression; report_html shrinks large ones.
int64_t shown_bytes(const at::Tensor& image) {
  if (!image.defined()) return 0;
  const int64_t longer = std::max(image.size(1), image.size(2));
  const double shrink =
      std::min(1.0, static_cast<double>(kReportImageSide) / static_cast<double>(longer));
  return static_cast<int64_t>(static_cast<double>(image.numel()) * shrink * shrink);
}

}  // namespace

std::vector<ReportExample> report_examples(const Predictions& predictions, const Dataset& dataset,
                                           const ExampleLimits& limits) {
  std::vector<ReportExample> examples;
  if (predictions.task != TaskKind::kClassification) return examples;
  const std::vector<RowScore> scores = class_scores(predictions);
  const InputSpec& spec = dataset.spec().input;
  int64_t bytes = 0;
  for (int64_t i : chosen(scores, limits)) {
    const RowScore& score = scores[i];
    ReportExample example;
    example.name = dataset.name_of(i);
    const Batch batch = dataset.rows(at::tensor({i}, at::kLong));
    if (spec.kind == InputKind::kImage) {
      example.image = batch.inputs.at(0).select(0, 0).contiguous();
    } else {
      example.text = row_text(batch, spec);
      const std::string words = dataset.text_of(i);
      if (!words.empty()) example.text += (example.text.empty() ? "" : "\n") + words;
    }
    example.truth = score.target;
    example.predicted = score.predicted;
    example.probability = score.confidence;
    example.truth_probability = std::exp(score.target_log_probability);
    example.loss = -score.target_log_probability;
    bytes += shown_bytes(example.image);
    if (bytes > limits.pixels) break;
    examples.push_back(std::move(example));
  }
  return examples;
}

std::vector<ReportPoint> report_points(const Predictions& predictions, int64_t limit) {
  std::vector<ReportPoint> points;
  if (predictions.task != TaskKind::kRegression) return points;
  const at::Tensor outputs = checked_outputs(predictions);
  const at::Tensor targets = predictions.targets.to(at::kCPU, at::kDouble).contiguous();
  const int64_t rows = outputs.size(0), columns = outputs.size(1);
  const int64_t count = std::min(rows, limit);
  for (int64_t n = 0; n < count; ++n) {
    const int64_t row = n * rows / count;
    points.push_back({targets.const_data_ptr<double>()[row * columns],
                      outputs.const_data_ptr<double>()[row * columns]});
  }
  return points;
}

}  // namespace maas
