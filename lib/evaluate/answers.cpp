#include "evaluate/answers.h"

#include <ATen/ops/isfinite.h>
#include <ATen/ops/softmax.h>

#include <algorithm>
#include <numeric>

namespace maas {
namespace {

at::Tensor probabilities_of(const at::Tensor& outputs, TaskKind task, OutputForm form) {
  if (form == OutputForm::kProbabilities) return outputs;
  return task == TaskKind::kClassification ? at::softmax(outputs, 1) : outputs.sigmoid();
}

double share_of(const JudgedOutputs& judged, int64_t row, int64_t k) {
  const at::Tensor& shares = judged.probabilities;
  const int64_t at = row * shares.size(1) + k;
  return shares.scalar_type() == at::kDouble
             ? shares.const_data_ptr<double>()[at]
             : static_cast<double>(shares.const_data_ptr<float>()[at]);
}

double threshold_of(const TaskSpec& task, int64_t k) {
  return task.thresholds.empty() ? 0.5 : task.thresholds[static_cast<size_t>(k)];
}

}  // namespace

std::string name_of_output(const TaskSpec& task, int64_t index, const std::string& otherwise) {
  const auto at = static_cast<size_t>(index);
  return at < task.labels.size() ? task.labels[at] : otherwise;
}

JudgedOutputs judge_outputs(const at::Tensor& outputs, TaskKind task, OutputForm form) {
  JudgedOutputs judged{outputs.contiguous(), {}, {}};
  if (judged.outputs.scalar_type() != at::kDouble) judged.outputs = judged.outputs.to(at::kFloat);
  const bool labelled = task != TaskKind::kRegression;
  if (labelled) judged.probabilities = probabilities_of(judged.outputs, task, form);
  const at::Tensor finite =
      at::isfinite(labelled ? judged.probabilities : judged.outputs).flatten(1).all(1).contiguous();
  const bool* is_answer = finite.const_data_ptr<bool>();
  judged.is_answer.assign(is_answer, is_answer + finite.numel());
  return judged;
}

bool label_holds(const JudgedOutputs& judged, int64_t row, const TaskSpec& task, int64_t k) {
  return task.kind == TaskKind::kClassification ||
         share_of(judged, row, k) >= threshold_of(task, k);
}

std::vector<ScoredLabel> highest_labels(const JudgedOutputs& judged, int64_t row,
                                        const TaskSpec& task, int64_t most) {
  const int64_t width = judged.probabilities.size(1);
  const bool by_multiple = task.kind == TaskKind::kClassification && !task.thresholds.empty();
  const auto share = [&](int64_t k) { return share_of(judged, row, k); };
  const auto rank = [&](int64_t k) {
    return by_multiple ? share(k) / threshold_of(task, k) : share(k);
  };
  std::vector<int64_t> order(static_cast<size_t>(width));
  std::iota(order.begin(), order.end(), 0);
  const auto end = order.begin() + std::min(most, width);
  // Of equal ones the first, as the metrics count them.
  std::partial_sort(order.begin(), end, order.end(), [&](int64_t a, int64_t b) {
    return rank(a) != rank(b) ? rank(a) > rank(b) : a < b;
  });
  std::vector<ScoredLabel> labels;
  for (auto index = order.begin(); index != end; ++index) {
    labels.push_back({*index, name_of_output(task, *index, std::to_string(*index)),
                      static_cast<float>(share(*index))});
  }
  return labels;
}

std::vector<std::string> holding_labels(const JudgedOutputs& judged, int64_t row,
                                        const TaskSpec& task) {
  std::vector<std::string> names;
  if (task.kind != TaskKind::kMultiLabel) return names;
  for (const ScoredLabel& label : highest_labels(judged, row, task, judged.outputs.size(1))) {
    if (label_holds(judged, row, task, label.index)) names.push_back(label.label);
  }
  return names;
}

std::vector<Answer> answers_of(const at::Tensor& outputs, const TaskSpec& task, OutputForm form,
                               int64_t most) {
  const JudgedOutputs judged = judge_outputs(outputs, task.kind, form);
  std::vector<Answer> answers;
  for (int64_t i = 0; i < judged.outputs.size(0); ++i) {
    Answer answer{judged.outputs[i], judged.is_answer[i] != 0};
    const bool labelled = task.kind != TaskKind::kRegression;
    if (labelled && answer.is_answer) {
      answer.labels = highest_labels(judged, i, task, most);
      answer.holding = holding_labels(judged, i, task);
    }
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
    json.key("values").begin_object();
    for (int64_t i = 0; i < answer.outputs.numel(); ++i) {
      write_output(json.key(name_of_output(task, i, std::to_string(i))), answer.outputs[i]);
    }
    json.end_object();
  } else if (task.kind == TaskKind::kMultiLabel) {
    json.key("labels");
    answer.is_answer ? json.begin_array() : json.null();
    for (const std::string& label : answer.holding) json.value(label);
    if (answer.is_answer) json.end_array().key("probabilities").begin_object();
    for (const ScoredLabel& label : answer.labels) json.field(label.label, label.probability);
    if (answer.is_answer) json.end_object();
  } else if (answer.labels.empty()) {
    json.key("label").null().key("index").null().key("probability").null();
  } else {
    const ScoredLabel& best = answer.labels.front();
    json.field("label", best.label).field("index", best.index);
    json.field("probability", best.probability).key("probabilities").begin_object();
    for (const ScoredLabel& label : answer.labels) json.field(label.label, label.probability);
    json.end_object();
  }
  json.key("outputs").begin_array();
  for (int64_t i = 0; i < answer.outputs.numel(); ++i) write_output(json, answer.outputs[i]);
  json.end_array();
}

}  // namespace maas
