#include "evaluate/answers.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/softmax.h>

#include <algorithm>

namespace maas {
namespace {

at::Tensor probabilities_of(const at::Tensor& row, TaskKind task, OutputForm form) {
  if (form == OutputForm::kProbabilities) return row;
  return task == TaskKind::kClassification ? at::softmax(row, 0) : row.sigmoid();
}

std::vector<ScoredLabel> highest(const at::Tensor& probabilities, const TaskSpec& task,
                                 int64_t most) {
  const auto [values, indices] = probabilities.topk(std::min(most, probabilities.numel()));
  std::vector<ScoredLabel> labels;
  for (int64_t i = 0; i < values.numel(); ++i) {
    const auto index = indices[i].item<int64_t>();
    labels.push_back(
        {index, name_of_output(task, index, std::to_string(index)), values[i].item<float>()});
  }
  return labels;
}

}  // namespace

std::string name_of_output(const TaskSpec& task, int64_t index, const std::string& otherwise) {
  const auto at = static_cast<size_t>(index);
  return at < task.labels.size() ? task.labels[at] : otherwise;
}

std::vector<Answer> answers_of(const at::Tensor& outputs, const TaskSpec& task, OutputForm form,
                               int64_t most) {
  at::Tensor rows = outputs.contiguous();
  if (rows.scalar_type() != at::kDouble) rows = rows.to(at::kFloat);
  std::vector<Answer> answers;
  for (int64_t i = 0; i < rows.size(0); ++i) {
    Answer answer{rows[i]};
    const bool labelled = task.kind != TaskKind::kRegression;
    const at::Tensor judged =
        labelled ? probabilities_of(answer.outputs, task.kind, form) : answer.outputs;
    answer.is_answer = at::isfinite(judged).all().item<bool>();
    if (labelled && answer.is_answer) answer.labels = highest(judged, task, most);
    answers.push_back(std::move(answer));
  }
  return answers;
}

void write_output(JsonWriter& json, const at::Tensor& value) {
  if (value.scalar_type() == at::kDouble) {
    json.value(value.item<double>());
  } else {
    json.value(value.item<float>());
  }
}

void write_answer(JsonWriter& json, const Answer& answer, const TaskSpec& task) {
  if (task.kind == TaskKind::kRegression) {
    json.field("label", name_of_output(task, 0, "")).field("index", 0).key("probability").null();
  } else if (answer.labels.empty()) {
    json.key("label").null().key("index").null().key("probability").null();
  } else {
    const ScoredLabel& best = answer.labels.front();
    json.field("label", best.label).field("index", best.index);
    json.field("probability", best.probability);
  }
  json.key("outputs").begin_array();
  for (int64_t i = 0; i < answer.outputs.numel(); ++i) write_output(json, answer.outputs[i]);
  json.end_array();
}

}  // namespace maas
