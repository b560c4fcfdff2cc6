#include "serve/oip.h"

#include <ATen/ops/sort.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/json_writer.h"
#include "serve/json_fault.h"
#include "serve/json_tensor.h"

namespace maas {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr size_t kMaxDepth = 64;
constexpr size_t kMaxTensors = 256;
constexpr size_t kMaxIdBytes = 256;
constexpr size_t kKeptParserBytes = 4 << 20;

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected = "") {
  throw Error(ErrorKind::kInput,
              {.where = where, .what = what, .expected = expected, .fix = "", .excerpt = ""});
}

// Members by name; a name that occurs twice is refused, as parsers disagree which one counts.
element* find(std::vector<std::pair<std::string_view, element>>& members, std::string_view name) {
  for (auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::vector<std::pair<std::string_view, element>> members_of(element value,
                                                             const std::string& where) {
  object members;
  if (value.get(members) != simdjson::SUCCESS) refuse(where, "is not an object", "an object");
  std::vector<std::pair<std::string_view, element>> list;
  for (const auto [key, member] : members) {
    if (find(list, key) != nullptr) {
      refuse(where, fmt::format("has '{}' twice", key.substr(0, 64)), "each member once");
    }
    if (list.size() >= kMaxTensors) refuse(where, "has too many members", "at most 256");
    list.emplace_back(key, member);
  }
  return list;
}

std::string_view text_of(element value, const std::string& where) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) refuse(where, "is not a string", "a string");
  return text;
}

std::string_view required_text(std::vector<std::pair<std::string_view, element>>& members,
                               std::string_view name, const std::string& where) {
  const element* value = find(members, name);
  if (value == nullptr) refuse(where, fmt::format("has no '{}'", name), "one");
  return text_of(*value, fmt::format("{}, {}", where, name));
}

std::vector<element> elements_of(element value, const std::string& where) {
  simdjson::dom::array array;
  if (value.get(array) != simdjson::SUCCESS) refuse(where, "is not an array", "an array");
  std::vector<element> list;
  for (const element item : array) {
    if (list.size() >= kMaxTensors) refuse(where, "is too long", "at most 256 entries");
    list.push_back(item);
  }
  return list;
}

std::string names_of(const std::vector<TensorInfo>& tensors) {
  std::vector<std::string> names;
  for (const TensorInfo& tensor : tensors) names.push_back(tensor.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

size_t index_of(const std::vector<TensorInfo>& tensors, std::string_view name,
                const std::string& kind) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].name == name) return i;
  }
  refuse(fmt::format("{} '{}'", kind, name.substr(0, 128)), "is not one of this model's",
         names_of(tensors));
}

std::vector<int64_t> shape_of(std::vector<std::pair<std::string_view, element>>& members,
                              const std::string& where) {
  const element* value = find(members, "shape");
  if (value == nullptr) refuse(where, "has no 'shape'", "one");
  std::vector<int64_t> shape;
  for (const element item : elements_of(*value, where + ", shape")) {
    int64_t size = 0;
    if (item.get(size) != simdjson::SUCCESS) {
      refuse(where + ", shape", "holds something else than whole numbers", "whole numbers");
    }
    shape.push_back(size);
  }
  return shape;
}

void check_shape(const std::vector<int64_t>& shape, const TensorInfo& info, int64_t max_batch) {
  const std::string where = "input '" + info.name + "'";
  bool fits = shape.size() == info.shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    fits = info.shape[i] == -1 || info.shape[i] == shape[i];
  }
  if (!fits) {
    refuse(where, fmt::format("has shape [{}]", fmt::join(shape, ", ")),
           fmt::format("[{}]", fmt::join(info.shape, ", ")));
  }
  if (max_batch > 0 && !shape.empty() && info.shape[0] == -1 && shape[0] > max_batch) {
    refuse(where, fmt::format("has {} rows", shape[0]), fmt::format("at most {}", max_batch));
  }
}

at::Tensor parse_input(std::vector<std::pair<std::string_view, element>>& members,
                       const TensorInfo& info, int64_t max_batch) {
  const std::string where = "input '" + info.name + "'";
  const std::string_view datatype = required_text(members, "datatype", where);
  if (datatype != oip_datatype(info.dtype)) {
    refuse(where, fmt::format("has datatype {}", datatype.substr(0, 32)),
           std::string(oip_datatype(info.dtype)));
  }
  const std::vector<int64_t> shape = shape_of(members, where);
  checked_element_count(shape, info.name);
  check_shape(shape, info, max_batch);
  const element* data = find(members, "data");
  if (data == nullptr) refuse(where, "has no 'data'", "an array of its values");
  return tensor_from_json(*data, info.dtype, shape, info.name);
}

std::vector<at::Tensor> parse_inputs(element list, const SessionInfo& info, int64_t max_batch) {
  std::vector<at::Tensor> inputs(info.inputs.size());
  for (const element item : elements_of(list, "inputs")) {
    auto members = members_of(item, "inputs");
    const std::string_view name = required_text(members, "name", "inputs");
    const size_t index = index_of(info.inputs, name, "input");
    if (inputs[index].defined()) refuse(fmt::format("input '{}'", name), "is given twice", "once");
    inputs[index] = parse_input(members, info.inputs[index], max_batch);
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (!inputs[i].defined()) refuse("inputs", "has no '" + info.inputs[i].name + "'", "it");
  }
  return inputs;
}

int64_t parse_classification(std::vector<std::pair<std::string_view, element>>& members,
                             const std::string& where) {
  const element* parameters = find(members, "parameters");
  if (parameters == nullptr) return 0;
  auto list = members_of(*parameters, where + ", parameters");
  const element* wanted = find(list, "classification");
  if (wanted == nullptr) return 0;
  int64_t count = 0;
  if (wanted->get(count) != simdjson::SUCCESS || count < 1) {
    refuse(where + ", classification", "is not a positive whole number",
           "how many classes to tell");
  }
  return count;
}

std::vector<WantedOutput> parse_outputs(element list, const SessionInfo& info) {
  std::vector<WantedOutput> outputs;
  std::set<size_t> seen;
  for (const element item : elements_of(list, "outputs")) {
    auto members = members_of(item, "outputs");
    const std::string_view name = required_text(members, "name", "outputs");
    const size_t index = index_of(info.outputs, name, "output");
    const std::string where = fmt::format("output '{}'", name);
    if (!seen.insert(index).second) refuse(where, "is asked for twice", "once");
    outputs.push_back({index, parse_classification(members, where)});
  }
  return outputs;
}

std::string parse_id(element value) {
  const std::string_view id = text_of(value, "id");
  const bool plain =
      std::all_of(id.begin(), id.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
  if (id.size() > kMaxIdBytes || !plain) {
    refuse("id", "is too long or holds control or non-ASCII characters",
           "at most 256 printable ASCII characters");
  }
  return std::string(id);
}

element parse_body(simdjson::dom::parser& parser, std::string_view body) {
  element document;
  const bool marked = body.starts_with("\xEF\xBB\xBF");
  // The listener's buffers have the padding that the parser needs.
  const auto error =
      marked ? simdjson::TAPE_ERROR : parser.parse(body.data(), body.size(), false).get(document);
  if (error == simdjson::SUCCESS) return document;
  if (error == simdjson::UTF8_ERROR) refuse("body", "is not UTF-8", "JSON in UTF-8");
  if (error == simdjson::MEMALLOC) throw std::bad_alloc();
  const size_t offset = marked ? 0 : json_fault_offset(body, kMaxDepth);
  if (error == simdjson::DEPTH_ERROR) {
    refuse("body", fmt::format("nests deeper than {} at byte {}", kMaxDepth, offset));
  }
  // Well-formed, but a number that no double holds, or half a surrogate pair.
  const bool bad_value = error == simdjson::NUMBER_ERROR || error == simdjson::STRING_ERROR;
  refuse("body",
         bad_value && offset == body.size()
             ? fmt::format("is not JSON ({})", simdjson::error_message(error))
             : fmt::format("is not JSON at byte {}", offset),
         "JSON");
}

void write_classification(JsonWriter& json, const SessionInfo& info, const at::Tensor& output,
                          const WantedOutput& wanted) {
  const int64_t classes = output.size(-1);
  const int64_t count = std::min(wanted.classification, classes);
  const auto [values, order] = at::sort(output.to(at::kFloat).reshape({-1, classes}), -1, true);
  const auto value = values.accessor<float, 2>();
  const auto index = order.accessor<int64_t, 2>();
  json.field("datatype", "BYTES").key("shape").begin_array();
  for (int64_t dim = 0; dim + 1 < output.dim(); ++dim) json.value(output.size(dim));
  json.value(count).end_array().key("data").begin_array();
  for (int64_t row = 0; row < values.size(0); ++row) {
    for (int64_t i = 0; i < count; ++i) {
      std::string text = fmt::format("{:.6f}:{}", value[row][i], index[row][i]);
      const auto label = static_cast<size_t>(index[row][i]);
      if (label < info.labels.size()) text += ":" + info.labels[label];
      json.value(text);
    }
  }
  json.end_array();
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

InferRequest parse_infer_request(std::string_view body, const SessionInfo& info,
                                 int64_t max_batch) {
  thread_local simdjson::dom::parser parser;
  if (parser.capacity() > kKeptParserBytes && body.size() < kKeptParserBytes) {
    parser = simdjson::dom::parser();
  }
  if (parser.max_depth() != kMaxDepth) {
    if (parser.allocate(std::max<size_t>(body.size(), 1024), kMaxDepth) != simdjson::SUCCESS) {
      throw std::bad_alloc();
    }
  }
  auto members = members_of(parse_body(parser, body), "body");
  InferRequest request;
  if (const element* id = find(members, "id")) request.id = parse_id(*id);
  const element* inputs = find(members, "inputs");
  if (inputs == nullptr) refuse("body", "has no 'inputs'", "{\"inputs\": [...]}");
  request.inputs = parse_inputs(*inputs, info, max_batch);
  if (const element* outputs = find(members, "outputs")) {
    request.outputs = parse_outputs(*outputs, info);
  }
  if (request.outputs.empty()) {
    for (size_t i = 0; i < info.outputs.size(); ++i) request.outputs.push_back({i, 0});
  }
  return request;
}

std::string infer_answer(const SessionInfo& info, const InferRequest& request,
                         const std::vector<at::Tensor>& outputs) {
  JsonWriter json;
  json.begin_object().field("model_name", info.name).field("model_version", info.version);
  if (!request.id.empty()) json.field("id", request.id);
  json.key("outputs").begin_array();
  for (const WantedOutput& wanted : request.outputs) {
    const at::Tensor& output = outputs.at(wanted.index);
    json.begin_object().field("name", info.outputs[wanted.index].name);
    if (wanted.classification > 0 && output.dim() > 0) {
      write_classification(json, info, output, wanted);
    } else {
      json.field("datatype", oip_datatype(output.scalar_type())).key("shape").begin_array();
      for (const int64_t size : output.sizes()) json.value(size);
      json.end_array().key("data");
      write_values(json, output);
    }
    json.end_object();
  }
  json.end_array().end_object();
  return json.take();
}

std::string server_metadata(std::string_view version) {
  JsonWriter json;
  json.begin_object().field("name", "maas").field("version", version);
  json.key("extensions").begin_array().value("classification").end_array().end_object();
  return json.take();
}

std::string model_metadata(const SessionInfo& info) {
  JsonWriter json;
  json.begin_object().field("name", info.name).key("versions").begin_array();
  json.value(info.version).end_array().field("platform", info.platform).key("inputs");
  write_tensor_infos(json, info.inputs);
  json.key("outputs");
  write_tensor_infos(json, info.outputs);
  json.end_object();
  return json.take();
}

}  // namespace maas
