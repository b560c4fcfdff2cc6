#include <ATen/Dispatch_v2.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/throw_error.h"
#include "base/utf8.h"
#include "serve/json_fault.h"
#include "serve/json_tensor.h"
#include "serve/oip/messages.h"

namespace maas {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr size_t kMaxDepth = 64;
constexpr size_t kParserDepth = kMaxDepth + 1;  // simdjson's is one that it does not reach
constexpr size_t kMaxTensors = 256;
constexpr size_t kMaxIdBytes = 256;
constexpr size_t kKeptParserBytes = 4 << 20;

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected = "") {
  throw_input(where, what, expected);
}

using Members = std::vector<std::pair<std::string_view, element>>;

element* find(Members& members, std::string_view name) {
  for (auto& [key, value] : members) {
    if (key == name) return &value;
  }
  return nullptr;
}

// Members by name; a name that occurs twice is refused, as parsers disagree which one counts.
Members members_of(element value, const std::string& where) {
  object members;
  if (value.get(members) != simdjson::SUCCESS) refuse(where, "is not an object", "an object");
  Members list;
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

std::string_view required_text(Members& members, std::string_view name, const std::string& where) {
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

// Values of parameters are strings, numbers and booleans; those that this server does not know are
// for others.
Members parameters_of(Members& members, const std::string& where) {
  const element* value = find(members, "parameters");
  if (value == nullptr) return {};
  Members parameters = members_of(*value, where);
  for (const auto& [name, parameter] : parameters) {
    if (parameter.is_array() || parameter.is_object() || parameter.is_null()) {
      refuse(fmt::format("{}, '{}'", where, name.substr(0, 64)), "is an array, an object or null",
             "a string, a number, true or false");
    }
  }
  return parameters;
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

std::vector<int64_t> shape_of(Members& members, const std::string& where) {
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

template <class T>
void check_values(const at::Tensor& tensor, const ValueRange& range, const std::string& where) {
  const T* values = tensor.const_data_ptr<T>();
  const int64_t size = range.dim < 0 ? 1 : tensor.size(range.dim);
  const int64_t stride = range.dim < 0 ? 1 : tensor.stride(range.dim);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const int64_t place = i / stride % size;
    if (range.dim >= 0 && (place < range.begin || place >= range.end)) continue;
    // No unsigned value above the signed range is an index.
    const auto value = static_cast<int64_t>(values[i]);
    if (value >= range.lowest && value <= range.highest) continue;
    refuse(where, fmt::format("value {} is {}", i, values[i]),
           fmt::format("{} to {}: {}", range.lowest, range.highest, range.reason));
  }
}

at::Tensor parse_input(Members& members, const TensorInfo& info, int64_t max_batch) {
  const std::string where = "input '" + info.name + "'";
  const std::string_view datatype = required_text(members, "datatype", where);
  if (datatype != oip_datatype(info.dtype)) {
    refuse(where, fmt::format("has datatype {}", datatype.substr(0, 32)),
           std::string(oip_datatype(info.dtype)));
  }
  const std::vector<int64_t> shape = shape_of(members, where);
  checked_element_count(shape, info.name);
  check_shape(shape, info, max_batch);
  Members parameters = parameters_of(members, where + ", parameters");
  if (find(parameters, "binary_data_size") != nullptr) {
    refuse(where, "is announced as binary data",
           "'data' in JSON; there are no binary tensors here");
  }
  const element* data = find(members, "data");
  if (data == nullptr) refuse(where, "has no 'data'", "an array of its values");
  at::Tensor tensor = tensor_from_json(*data, info.dtype, shape, info.name);
  for (const ValueRange& range : info.values) {
    AT_DISPATCH_V2(info.dtype, "check_values",
                   AT_WRAP([&] { check_values<scalar_t>(tensor, range, where); }),
                   AT_EXPAND(AT_INTEGRAL_TYPES), AT_EXPAND(AT_BAREBONES_UNSIGNED_TYPES));
  }
  return tensor;
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

int64_t parse_classification(Members& parameters, const TensorInfo& info,
                             const std::string& where) {
  const element* wanted = find(parameters, "classification");
  if (wanted == nullptr) return 0;
  int64_t count = 0;
  if (wanted->get(count) != simdjson::SUCCESS || count < 1) {
    refuse(where + ", classification", "is not a positive whole number",
           "how many classes to tell");
  }
  if (info.shape.empty()) refuse(where, "is a single number", "no classification of it");
  return count;
}

std::chrono::microseconds parse_timeout(Members& parameters) {
  const element* value = find(parameters, "timeout");
  int64_t microseconds = 0;
  if (value != nullptr && (value->get(microseconds) != simdjson::SUCCESS || microseconds < 0)) {
    refuse("parameters, timeout", "is not a whole number from 0 on", "microseconds; 0 = none");
  }
  return std::chrono::microseconds(microseconds);
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
    Members parameters = parameters_of(members, where + ", parameters");
    outputs.push_back({index, parse_classification(parameters, info.outputs[index], where)});
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

// The thread's parser: its memory, several times the text's, is kept for the next request unless it
// is much.
class ParserLoan {
 public:
  explicit ParserLoan(size_t bytes) {
    if (parser_.max_depth() == kParserDepth) return;
    if (parser_.allocate(std::max<size_t>(bytes, 1024), kParserDepth) != simdjson::SUCCESS) {
      throw std::bad_alloc();
    }
  }
  ~ParserLoan() {
    if (parser_.capacity() > kKeptParserBytes) parser_ = simdjson::dom::parser();
  }
  ParserLoan(const ParserLoan&) = delete;
  ParserLoan& operator=(const ParserLoan&) = delete;

  simdjson::dom::parser& parser() const { return parser_; }

 private:
  static thread_local simdjson::dom::parser parser_;
};
thread_local simdjson::dom::parser ParserLoan::parser_;

element parse_body(simdjson::dom::parser& parser, std::string_view body) {
  element document;
  const bool marked = body.starts_with("\xEF\xBB\xBF");
  // The listener's buffers have the padding that the parser needs.
  const auto error =
      marked ? simdjson::TAPE_ERROR : parser.parse(body.data(), body.size(), false).get(document);
  if (error == simdjson::SUCCESS) return document;
  if (error == simdjson::UTF8_ERROR) {
    refuse("body", fmt::format("is not UTF-8 at byte {}", utf8_fault_offset(body)),
           "JSON in UTF-8");
  }
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

}  // namespace

InferRequest parse_infer_request(std::string_view body, const SessionInfo& info,
                                 int64_t max_batch) {
  const ParserLoan loan(body.size());
  Members members = members_of(parse_body(loan.parser(), body), "body");
  InferRequest request;
  if (const element* id = find(members, "id")) request.id = parse_id(*id);
  Members parameters = parameters_of(members, "parameters");
  request.timeout = parse_timeout(parameters);
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

}  // namespace maas
