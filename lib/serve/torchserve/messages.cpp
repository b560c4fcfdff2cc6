#include "serve/torchserve/messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "evaluate/answers.h"
#include "http/head.h"
#include "http/multipart.h"
#include "sample/image_format.h"
#include "serve/nested_lists.h"
#include "serve/request_json.h"

namespace maas {
namespace {

using simdjson::dom::element;

bool is_image_type(std::string_view type) {
  return type.size() > 6 && same_ignoring_case(type.substr(0, 6), "image/");
}

bool is_csv_type(std::string_view type) { return is_content_type(type, "text/csv"); }

bool is_form_type(std::string_view type) { return is_content_type(type, "multipart/form-data"); }

// The list of {"instances": [...]}, an envelope that KServe's clients send; else all of it.
ReadSamples read_json(std::string_view body, const SessionInfo& info) {
  const RequestJson json(body);
  simdjson::dom::object object;
  if (json.root().get(object) != simdjson::SUCCESS || object.size() != 1) {
    return read_samples(json.root(), info, "body");
  }
  element instances;
  const bool enveloped = object.at_key("instances").get(instances) == simdjson::SUCCESS;
  if (!enveloped) return read_samples(json.root(), info, "body");
  if (!instances.is_array()) throw_input("instances", "is not a list", "a list of samples");
  ReadSamples read =
      info.samples
          ? read_samples(instances, info, "instances")
          : ReadSamples{
                tensors_from_rows(rows_of(instances, "instances"), info, "instances"), {}, true};
  read.is_list = true;
  return read;
}

// What has no type, or one that says nothing, is told by its first bytes.
ReadSamples read_bytes(std::string_view bytes, const SessionInfo& info) {
  if (bytes.empty()) throw_input("body", "is empty", "an image file, JSON or CSV");
  const bool table = info.samples && info.samples->data.input.kind == InputKind::kTable;
  if (image_format_of(bytes) != nullptr) return read_image(bytes, info, "body");
  const size_t first = bytes.find_first_not_of(" \t\r\n");
  const bool json = first != bytes.npos && (bytes[first] == '{' || bytes[first] == '[');
  if (json || !info.samples) return read_json(bytes, info);
  return table ? read_csv_rows(bytes, info, "body") : read_image(bytes, info, "body");
}

ReadSamples read_typed(std::string_view bytes, std::string_view type, const SessionInfo& info) {
  if (is_json_content_type(type)) return read_json(bytes, info);
  if (is_csv_type(type)) return read_csv_rows(bytes, info, "body");
  if (is_image_type(type)) return read_image(bytes, info, "body");
  return read_bytes(bytes, info);
}

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

bool is_prediction_type(std::string_view type) {
  return type.empty() || is_json_content_type(type) || is_csv_type(type) || is_image_type(type) ||
         is_form_type(type) || is_content_type(type, "application/octet-stream") ||
         is_content_type(type, "application/x-www-form-urlencoded");
}

ReadSamples read_prediction(std::string_view body, std::string_view content_type,
                            const SessionInfo& info) {
  if (!is_form_type(content_type)) return read_typed(body, content_type, info);
  const std::vector<FormPart> parts = parse_form(body, content_type);
  if (parts.size() != 1) {
    throw_input("form", fmt::format("has {} parts", parts.size()),
                "one, named 'data'; send a JSON list for several samples");
  }
  const FormPart& part = parts.front();
  if (part.name != "data") {
    throw_input("form", fmt::format("has a part named '{}'", part.name.substr(0, 64)), "'data'");
  }
  return read_typed(part.bytes, part.content_type, info);
}

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
