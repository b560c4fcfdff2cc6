#include "serve/torchserve/messages.h"

#include <algorithm>

#include "base/json_writer.h"
#include "evaluate/answers.h"
#include "serve/nested_lists.h"

namespace maas {
namespace {

void write_prediction(JsonWriter& json, const Answer& answer, const TaskSpec& task) {
  if (!answer.is_answer) {
    json.null();
  } else if (task.kind != TaskKind::kRegression) {
    json.begin_object();
    for (const ScoredLabel& label : answer.labels) json.field(label.label, label.probability);
    json.end_object();
  } else if (answer.outputs.numel() == 1) {
    write_output(json, answer.outputs[0]);
  } else {
    json.begin_object();
    for (int64_t i = 0; i < answer.outputs.numel(); ++i) {
      json.key(name_of_output(task, i, std::to_string(i)));
      write_output(json, answer.outputs[i]);
    }
    json.end_object();
  }
}

}  // namespace

std::string prediction_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs,
                              bool is_list) {
  JsonWriter json;
  if (!info.samples) {
    if (outputs.size() == 1) {
      write_lists(json, outputs[0]);
      return json.take();
    }
    json.begin_object();
    for (size_t i = 0; i < outputs.size(); ++i) {
      write_lists(json.key(info.outputs[i].name), outputs[i]);
    }
    json.end_object();
    return json.take();
  }
  const TaskSpec& task = info.samples->data.task;
  const int64_t most =
      task.kind == TaskKind::kMultiLabel ? std::max<int64_t>(task.outputs(), 1) : kShownLabels;
  const auto answers = answers_of(outputs.at(0), task, info.samples->outputs, most);
  if (!is_list) {
    write_prediction(json, answers.at(0), task);
    return json.take();
  }
  json.begin_array();
  for (const Answer& answer : answers) write_prediction(json, answer, task);
  json.end_array();
  return json.take();
}

}  // namespace maas
