#include <fmt/format.h>

#include <algorithm>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "evaluate/answers.h"
#include "serve/nested_lists.h"
#include "serve/tf_serving/messages.h"

namespace maas {
namespace {

// The rows of all outputs.
int64_t row_count(const SessionInfo& info, const std::vector<at::Tensor>& outputs) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (outputs[i].dim() > 0 && outputs[i].size(0) == outputs[0].size(0)) continue;
    throw_input(fmt::format("output '{}'", info.outputs[i].name), "is not one value a row",
                "to be asked for by 'inputs' instead of 'instances'");
  }
  return outputs.empty() ? 0 : outputs[0].size(0);
}

// The value of one output, or {output: value}.
template <class ValueOf>
void write_outputs(JsonWriter& json, const SessionInfo& info, size_t count, ValueOf value_of) {
  if (count == 1) return write_lists(json, value_of(0));
  json.begin_object();
  for (size_t i = 0; i < count; ++i) write_lists(json.key(info.outputs[i].name), value_of(i));
  json.end_object();
}

std::vector<Answer> answers(const SessionInfo& info, const std::vector<at::Tensor>& outputs) {
  const TaskSpec& task = info.samples->data.task;
  return answers_of(outputs.at(0), task, info.samples->outputs,
                    std::max<int64_t>(task.outputs(), 1));
}

// As tensorflow/core/framework/types.proto names them.
std::string_view tensorflow_dtype(at::ScalarType dtype) {
  switch (dtype) {
    case at::kFloat:
      return "DT_FLOAT";
    case at::kDouble:
      return "DT_DOUBLE";
    case at::kHalf:
      return "DT_HALF";
    case at::kBFloat16:
      return "DT_BFLOAT16";
    case at::kByte:
      return "DT_UINT8";
    case at::kChar:
      return "DT_INT8";
    case at::kShort:
      return "DT_INT16";
    case at::kInt:
      return "DT_INT32";
    case at::kLong:
      return "DT_INT64";
    case at::kUInt16:
      return "DT_UINT16";
    case at::kUInt32:
      return "DT_UINT32";
    case at::kUInt64:
      return "DT_UINT64";
    case at::kBool:
      return "DT_BOOL";
    default:
      return "DT_INVALID";
  }
}

void write_tensors(JsonWriter& json, const std::vector<TensorInfo>& tensors) {
  json.begin_object();
  for (const TensorInfo& tensor : tensors) {
    json.key(tensor.name).begin_object().field("dtype", tensorflow_dtype(tensor.dtype));
    json.key("tensor_shape").begin_object().key("dim").begin_array();
    for (const int64_t size : tensor.shape) {
      json.begin_object().field("size", std::to_string(size)).field("name", "").end_object();
    }
    json.end_array().field("unknown_rank", false).end_object();
    json.field("name", tensor.name).end_object();
  }
  json.end_object();
}

}  // namespace

std::string predict_answer(const SessionInfo& info, const PredictRequest& request,
                           const std::vector<at::Tensor>& outputs) {
  JsonWriter json;
  json.begin_object().key(request.columns ? "outputs" : "predictions");
  if (request.columns) {
    write_outputs(json, info, outputs.size(), [&](size_t i) { return outputs[i]; });
  } else {
    const int64_t rows = row_count(info, outputs);
    json.begin_array();
    for (int64_t row = 0; row < rows; ++row) {
      write_outputs(json, info, outputs.size(), [&](size_t i) { return outputs[i][row]; });
    }
    json.end_array();
  }
  json.end_object();
  return json.take();
}

std::string classify_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs) {
  if (!info.samples || info.samples->data.task.kind == TaskKind::kRegression) {
    throw_input("this model", "gives numbers, not labels", ":regress or :predict");
  }
  JsonWriter json;
  json.begin_object().key("results").begin_array();
  for (const Answer& answer : answers(info, outputs)) {
    if (!answer.is_answer) {
      json.null();
      continue;
    }
    json.begin_array();
    for (const ScoredLabel& label : answer.labels) {
      json.begin_array().value(label.label).value(label.probability).end_array();
    }
    json.end_array();
  }
  json.end_array().end_object();
  return json.take();
}

std::string regress_answer(const SessionInfo& info, const std::vector<at::Tensor>& outputs) {
  if (!info.samples || info.samples->data.task.kind != TaskKind::kRegression) {
    throw_input("this model", "gives labels, not numbers", ":classify or :predict");
  }
  JsonWriter json;
  json.begin_object().key("results").begin_array();
  for (const Answer& answer : answers(info, outputs)) {
    if (answer.outputs.numel() != 1) {
      throw_input("this model", fmt::format("gives {} numbers a row", answer.outputs.numel()),
                  ":predict");
    }
    write_output(json, answer.outputs[0]);
  }
  json.end_array().end_object();
  return json.take();
}

std::string model_status(const std::vector<VersionStatus>& versions) {
  JsonWriter json;
  json.begin_object().key("model_version_status").begin_array();
  for (const VersionStatus& one : versions) {
    json.begin_object().field("version", one.version);
    json.field("state", one.failure.empty() ? "AVAILABLE" : "END").key("status").begin_object();
    json.field("error_code", one.failure.empty() ? "OK" : "UNKNOWN");
    json.field("error_message", one.failure).end_object().end_object();
  }
  json.end_array().end_object();
  return json.take();
}

std::string signature_metadata(const SessionInfo& info) {
  JsonWriter json;
  json.begin_object().key("model_spec").begin_object().field("name", info.name);
  json.field("signature_name", "").field("version", info.version).end_object();
  json.key("metadata").begin_object().key("signature_def").begin_object().key("signature_def");
  json.begin_object().key("serving_default").begin_object().key("inputs");
  write_tensors(json, info.inputs);
  json.key("outputs");
  write_tensors(json, info.outputs);
  json.field("method_name", "tensorflow/serving/predict");
  for (int depth = 0; depth < 5; ++depth) json.end_object();
  return json.take();
}

}  // namespace maas
