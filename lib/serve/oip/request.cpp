#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "base/error.h"
#include "base/throw_error.h"
#include "serve/binary_tensor.h"
#include "serve/check_inputs.h"
#include "serve/json_tensor.h"
#include "serve/lifted_numbers.h"
#include "serve/oip/input_reader.h"
#include "serve/oip/messages.h"
#include "serve/request_json.h"

namespace maas {
namespace {

using simdjson::dom::element;

constexpr size_t kMaxIdBytes = 256;
constexpr size_t kWorthLifting = 512;  // bytes

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected = "") {
  throw_input(where, what, expected);
}

bool flag_in(const JsonMembers& members, std::string_view name, const std::string& where,
             bool otherwise) {
  const element* value = members.find(name);
  bool flag = otherwise;
  if (value != nullptr && value->get(flag) != simdjson::SUCCESS) {
    refuse(fmt::format("{}, {}", where, name), "is neither true nor false", "true or false");
  }
  return flag;
}

int64_t parse_classification(const JsonMembers& parameters, const TensorInfo& info,
                             const std::string& where) {
  if (parameters.find("classification") == nullptr) return 0;
  const element* wanted = parameters.find("classification");
  int64_t count = 0;
  if (wanted->get(count) != simdjson::SUCCESS || count < 1) {
    refuse(where + ", classification", "is not a positive whole number",
           "how many classes to tell");
  }
  if (info.shape.empty()) refuse(where, "is a single number", "no classification of it");
  return count;
}

std::vector<WantedOutput> parse_outputs(element list, const SessionInfo& info, bool binary) {
  std::vector<WantedOutput> outputs;
  std::set<size_t> seen;
  for (const element item : elements_of(list, "outputs")) {
    const JsonMembers members(item, "outputs");
    const std::string_view name = members.text("name", "outputs");
    const size_t index = index_of(info.outputs, name, "output");
    const std::string where = fmt::format("output '{}'", name);
    if (!seen.insert(index).second) refuse(where, "is asked for twice", "once");
    const JsonMembers parameters = parameters_of(members, where + ", parameters");
    refuse_shared_memory(parameters, where);
    outputs.push_back({index, parse_classification(parameters, info.outputs[index], where),
                       flag_in(parameters, "binary_data", where, binary)});
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

// What this server would not do must not look as if it did.
void refuse_unknown_demands(const JsonMembers& parameters) {
  const element* value = parameters.find("sequence_id");
  int64_t number = 0;
  if (value == nullptr || (value->get(number) == simdjson::SUCCESS && number == 0)) return;
  refuse("parameters, sequence_id", "asks for what this server does not do",
         "no such parameter: requests are independent of each other");
}

int64_t priority_in(const JsonMembers& parameters, int64_t levels) {
  const std::string expected = levels > 0
                                   ? fmt::format("1 (first) to {}, or 0 for none", levels)
                                   : "no such parameter: this server serves requests as they come "
                                     "(serve.priority_levels)";
  const int64_t priority = count_in(parameters, "priority", "parameters", expected);
  if (priority > levels) {
    refuse("parameters, priority", fmt::format("is {}", priority), expected);
  }
  return priority;
}

// The whole body is the one input's values: "raw binary request".
InferRequest raw_request(std::string_view body, const SessionInfo& info, int64_t max_batch) {
  if (info.inputs.size() != 1) {
    refuse("body", "is raw binary data", "JSON that names the inputs: this model has several");
  }
  const TensorInfo& input = info.inputs[0];
  const std::string where = "input '" + input.name + "'";
  std::vector<int64_t> shape = input.shape;
  size_t known = c10::elementSize(input.dtype);
  int64_t* open = nullptr;
  for (int64_t& size : shape) {
    if (size == -1 && open != nullptr) {
      refuse(where, "has more than one free size", "JSON that tells its shape");
    }
    size == -1 ? void(open = &size) : void(known *= static_cast<size_t>(size));
  }
  if (open != nullptr) *open = static_cast<int64_t>(body.size() / known);
  checked_element_count(shape, input.name);
  check_input_shape(shape, input, max_batch);
  InferRequest request;
  request.inputs.push_back(tensor_from_bytes(body, input.dtype, shape, input.name));
  check_input_values(request.inputs[0], input);
  for (size_t i = 0; i < info.outputs.size(); ++i) request.outputs.push_back({i, 0, true});
  return request;
}

InferRequest read_request(std::string_view body, const SessionInfo& info, const InferLimits& limits,
                          const LiftedNumbers* lifted) {
  const size_t json_bytes = limits.json_bytes.value_or(body.size());
  if (lifted == nullptr && limits.foresee) {
    limits.foresee(json_reading_bytes(body.substr(0, json_bytes)));
  }
  const RequestJson json(body.substr(0, json_bytes));
  const JsonMembers members(json.root(), "body");
  InferRequest request;
  if (const element* id = members.find("id")) request.id = parse_id(*id);
  const JsonMembers parameters = parameters_of(members, "parameters");
  refuse_unknown_demands(parameters);
  request.priority = priority_in(parameters, limits.priority_levels);
  constexpr int64_t kLongestTimeout = 24 * 3600 * int64_t{1'000'000};
  request.timeout = std::chrono::microseconds(std::min(
      kLongestTimeout, count_in(parameters, "timeout", "parameters", "microseconds; 0 = none")));
  const element* inputs = members.find("inputs");
  if (inputs == nullptr) refuse("body", "has no 'inputs'", "{\"inputs\": [...]}");
  ReadInputs read = read_inputs(*inputs, info, limits, body.substr(json_bytes), lifted);
  request.inputs = std::move(read.tensors);
  request.warnings = std::move(read.warnings);
  const bool binary = flag_in(parameters, "binary_data_output", "parameters", false);
  if (const element* outputs = members.find("outputs")) {
    request.outputs = parse_outputs(*outputs, info, binary);
  }
  if (request.outputs.empty()) {
    for (size_t i = 0; i < info.outputs.size(); ++i) request.outputs.push_back({i, 0, binary});
  }
  return request;
}

}  // namespace

InferRequest parse_infer_request(std::string_view body, const SessionInfo& info,
                                 const InferLimits& limits) {
  const size_t json_bytes = limits.json_bytes.value_or(body.size());
  if (json_bytes > body.size()) {
    refuse("header Inference-Header-Content-Length", fmt::format("is {}", json_bytes),
           fmt::format("at most the body's {} bytes", body.size()));
  }
  if (json_bytes == 0 && !body.empty()) return raw_request(body, info, limits.max_batch);
  if (!limits.json_bytes && body.size() >= kWorthLifting) {
    if (limits.foresee) limits.foresee(lifting_bytes(body));
    if (const auto lifted = lift_numbers(body)) {
      try {
        return read_request(lifted->rest, info, limits, &*lifted);
      } catch (const Error&) {
        // What is wrong is told of the text that the client sent.
      }
    }
  }
  return read_request(body, info, limits, nullptr);
}

}  // namespace maas
