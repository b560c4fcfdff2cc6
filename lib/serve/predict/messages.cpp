#include "serve/predict/messages.h"

#include <algorithm>

#include "base/json_writer.h"
#include "evaluate/answers.h"
#include "serve/nested_lists.h"

namespace maas {
namespace {

void write_values(JsonWriter& json, const Answer& answer, const TaskSpec& task) {
  json.key("values");
  if (!answer.is_answer) {
    json.null();
    return;
  }
  json.begin_object();
  for (int64_t i = 0; i < answer.outputs.numel(); ++i) {
    json.key(name_of_output(task, i, std::to_string(i)));
    write_output(json, answer.outputs[i]);
  }
  json.end_object();
}

void write_shares(JsonWriter& json, const Answer& answer) {
  json.key("probabilities").begin_object();
  for (const ScoredLabel& label : answer.labels) json.field(label.label, label.probability);
  json.end_object();
}

void write_labels(JsonWriter& json, const Answer& answer, const TaskSpec& task) {
  const bool several = task.kind == TaskKind::kMultiLabel;
  json.key(several ? "labels" : "label");
  if (!answer.is_answer) {
    json.null();
    if (!several) json.key("probability").null();
    json.key("probabilities").null();
    return;
  }
  if (several) {
    json.begin_array();
    for (const std::string& label : answer.holding) json.value(label);
    json.end_array();
  } else {
    json.value(answer.labels.at(0).label).field("probability", answer.labels[0].probability);
  }
  write_shares(json, answer);
}

void write_outputs(JsonWriter& json, const SessionInfo& info,
                   const std::vector<at::Tensor>& outputs) {
  json.begin_object().key("outputs").begin_object();
  for (size_t i = 0; i < outputs.size(); ++i) {
    write_lists(json.key(info.outputs[i].name), outputs[i]);
  }
  json.end_object().end_object();
}

}  // namespace

std::string labelled_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs,
                            bool is_list) {
  JsonWriter json;
  if (!info.samples) {
    write_outputs(json, info, outputs);
    return json.take();
  }
  const TaskSpec& task = info.samples->data.task;
  const int64_t most =
      task.kind == TaskKind::kMultiLabel ? std::max<int64_t>(task.outputs(), 1) : kShownShares;
  if (is_list) json.begin_array();
  for (const Answer& answer : answers_of(outputs.at(0), task, info.samples->outputs, most)) {
    json.begin_object();
    if (task.kind == TaskKind::kRegression) {
      write_values(json, answer, task);
    } else {
      write_labels(json, answer, task);
    }
    json.end_object();
  }
  if (is_list) json.end_array();
  return json.take();
}

bool is_bare_sample(std::string_view body, const SessionInfo& info) {
  if (!info.samples) return false;
  const size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  if (body[first] == '[') return true;
  const size_t key = body.find_first_not_of(" \t\r\n", first + 1);
  if (body[first] != '{' || key == std::string_view::npos || body[key] != '"') return false;
  const size_t end = body.find('"', key + 1);
  if (end == std::string_view::npos) return false;
  const std::string_view name = body.substr(key + 1, end - key - 1);
  const InputSpec& input = info.samples->data.input;
  if (input.kind == InputKind::kImage) return name == "b64" || name == "data";
  return std::any_of(input.columns.begin(), input.columns.end(),
                     [&](const ColumnSpec& column) { return column.name == name; });
}

}  // namespace maas
