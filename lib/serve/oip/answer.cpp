#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/json_writer.h"
#include "serve/binary_tensor.h"
#include "serve/json_tensor.h"
#include "serve/oip/messages.h"

namespace maas {
namespace {

constexpr size_t kMostWarningBytes = 2000;

// The places of the `count` highest of `values`, highest first; the first of equals first, NaN
// last.
std::vector<int64_t> highest_places(const double* values, int64_t size, int64_t count) {
  std::vector<int64_t> places(static_cast<size_t>(size));
  std::iota(places.begin(), places.end(), 0);
  std::partial_sort(places.begin(), places.begin() + count, places.end(),
                    [&](int64_t a, int64_t b) {
                      if (std::isnan(values[a]) || std::isnan(values[b])) {
                        return std::isnan(values[b]) && (!std::isnan(values[a]) || a < b);
                      }
                      return values[a] > values[b] || (values[a] == values[b] && a < b);
                    });
  places.resize(static_cast<size_t>(count));
  return places;
}

void write_classification(JsonWriter& json, const SessionInfo& info, const at::Tensor& output,
                          int64_t wanted) {
  const Classification found = classify(info, output, wanted);
  json.field("datatype", "BYTES").key("shape").begin_array();
  for (const int64_t size : found.shape) json.value(size);
  json.end_array().key("data").begin_array();
  for (const std::string& text : found.texts) json.value(text);
  json.end_array();
}

// JSON spells NaN as null, like infinity; a client is told how many values are no answer.
void write_parameters(JsonWriter& json, const at::Tensor& output, std::optional<size_t> bytes) {
  const NonFinite odd = count_non_finite(output);
  if (odd.nans == 0 && odd.infinities == 0 && !bytes) return;
  json.key("parameters").begin_object();
  if (bytes) json.field("binary_data_size", static_cast<int64_t>(*bytes));
  if (odd.nans > 0) json.field("not_numbers", odd.nans);
  if (odd.infinities > 0) json.field("infinities", odd.infinities);
  json.end_object();
}

void write_tensor_infos(JsonWriter& json, const std::vector<TensorInfo>& tensors) {
  json.begin_array();
  for (const TensorInfo& tensor : tensors) {
    json.begin_object().field("name", tensor.name);
    json.field("datatype", oip_datatype(tensor.dtype)).key("shape").begin_array();
    for (const int64_t size : tensor.shape) json.value(size);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

Classification classify(const SessionInfo& info, const at::Tensor& output, int64_t wanted) {
  const int64_t classes = output.size(-1);
  const int64_t count = std::min(wanted, classes);
  const at::Tensor rows = output.to(at::kDouble).contiguous();
  Classification found{output.sizes().slice(0, static_cast<size_t>(output.dim() - 1)).vec(), {}};
  found.shape.push_back(count);
  const double* values = rows.const_data_ptr<double>();
  for (int64_t begin = 0; begin + classes <= rows.numel() && classes > 0; begin += classes) {
    for (const int64_t place : highest_places(values + begin, classes, count)) {
      std::string text = fmt::format("{:.6f}:{}", values[begin + place], place);
      const auto label = static_cast<size_t>(place);
      if (label < info.labels.size()) text += ":" + info.labels[label];
      found.texts.push_back(std::move(text));
    }
  }
  return found;
}

std::string warnings_text(const std::vector<std::string>& warnings) {
  std::string text;
  for (const std::string& warning : warnings) {
    if (!text.empty()) text += "; ";
    text += warning;
    if (text.size() > kMostWarningBytes) break;
  }
  return text;
}

InferAnswer infer_answer(const SessionInfo& info, const InferRequest& request,
                         const std::vector<at::Tensor>& outputs) {
  JsonWriter json;
  std::vector<at::Tensor> binary;
  json.begin_object().field("model_name", info.name).field("model_version", info.version);
  if (!request.id.empty()) json.field("id", request.id);
  if (const std::string text = warnings_text(request.warnings); !text.empty()) {
    json.key("parameters").begin_object().field("warnings", text).end_object();
  }
  json.key("outputs").begin_array();
  for (const WantedOutput& wanted : request.outputs) {
    const at::Tensor& output = outputs.at(wanted.index);
    json.begin_object().field("name", info.outputs[wanted.index].name);
    if (wanted.classification > 0) {
      write_classification(json, info, output, wanted.classification);
    } else {
      json.field("datatype", oip_datatype(output.scalar_type())).key("shape").begin_array();
      for (const int64_t size : output.sizes()) json.value(size);
      json.end_array();
      if (!wanted.binary) {
        json.key("data");
        write_values(json, output);
      }
    }
    const bool as_bytes = wanted.binary && wanted.classification == 0;
    if (as_bytes) binary.push_back(output);
    write_parameters(json, output, as_bytes ? std::optional(output.nbytes()) : std::nullopt);
    json.end_object();
  }
  json.end_array().end_object();
  InferAnswer answer{json.take(), {}};
  if (binary.empty()) return answer;
  answer.json_bytes = answer.body.size();
  size_t bytes = answer.body.size();
  for (const at::Tensor& output : binary) bytes += output.nbytes();
  answer.body.reserve(bytes);
  for (const at::Tensor& output : binary) append_bytes(answer.body, output);
  return answer;
}

std::string server_metadata(std::string_view version) {
  JsonWriter json;
  json.begin_object().field("name", "maas").field("version", version);
  json.key("extensions").begin_array();
  for (const char* name : {"classification", "binary_tensor_data", "model_configuration",
                           "model_repository", "statistics", "trace", "logging"}) {
    json.value(name);
  }
  json.end_array().end_object();
  return json.take();
}

std::string model_metadata(const SessionInfo& info, const std::vector<std::string>& versions) {
  JsonWriter json;
  json.begin_object().field("name", info.name).key("versions").begin_array();
  for (const std::string& version : versions) json.value(version);
  json.end_array().field("platform", info.platform).key("inputs");
  write_tensor_infos(json, info.inputs);
  json.key("outputs");
  write_tensor_infos(json, info.outputs);
  json.end_object();
  return json.take();
}

}  // namespace maas
