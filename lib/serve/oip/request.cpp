#include <fmt/format.h>
#include <fmt/ranges.h>
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

std::vector<int64_t> shape_of(const JsonMembers& members, const std::string& where) {
  const element* value = members.find("shape");
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

// A whole number from 0 on; 0 where there is none.
int64_t count_in(const JsonMembers& members, std::string_view name, const std::string& where,
                 const std::string& expected) {
  const element* value = members.find(name);
  int64_t number = 0;
  if (value != nullptr && (value->get(number) != simdjson::SUCCESS || number < 0)) {
    refuse(fmt::format("{}, {}", where, name), "is not a whole number from 0 on", expected);
  }
  return number;
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

void refuse_shared_memory(const JsonMembers& parameters, const std::string& where) {
  if (parameters.find("shared_memory_region") == nullptr) return;
  refuse(where, "lies in shared memory",
         "its data in the request: this server maps no memory of others");
}

// The binary data of a request's inputs, in their order: behind its JSON, or in pieces.
class BinaryData {
 public:
  BinaryData(std::string_view behind, std::span<const std::string_view> pieces)
      : behind_(behind), pieces_(pieces) {}

  // What is left of it for an input of so many bytes.
  size_t left() const { return pieces_.empty() ? behind_.size() - taken_ : pieces_[piece_].size(); }
  size_t size() const { return behind_.size(); }
  size_t taken() const { return taken_; }

  std::string_view take(size_t bytes) {  // at most left()
    if (!pieces_.empty()) return pieces_[piece_++];
    taken_ += bytes;
    return behind_.substr(taken_ - bytes, bytes);
  }

 private:
  std::string_view behind_;
  std::span<const std::string_view> pieces_;
  size_t taken_ = 0, piece_ = 0;
};

// One body's inputs.
class InputReader {
 public:
  // `lifted`: the arrays for which indices stand in `data`; null: none were lifted.
  InputReader(const SessionInfo& info, const InferLimits& limits, std::string_view binary,
              const LiftedNumbers* lifted)
      : info_(info), limits_(limits), binary_(binary, limits.pieces), lifted_(lifted) {}

  std::vector<at::Tensor> read(element list) {
    std::vector<at::Tensor> inputs(info_.inputs.size());
    for (const element item : elements_of(list, "inputs")) {
      const JsonMembers members(item, "inputs");
      const std::string_view name = members.text("name", "inputs");
      const size_t index = index_of(info_.inputs, name, "input");
      if (inputs[index].defined()) {
        refuse(fmt::format("input '{}'", name), "is given twice", "once");
      }
      inputs[index] = one(members, info_.inputs[index]);
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      if (!inputs[i].defined()) refuse("inputs", "has no '" + info_.inputs[i].name + "'", "it");
    }
    if (binary_.taken() != binary_.size()) {
      refuse("body", fmt::format("has {} bytes of binary data", binary_.size()),
             fmt::format("{}, the sum of binary_data_size", binary_.taken()));
    }
    return inputs;
  }

 private:
  at::Tensor one(const JsonMembers& members, const TensorInfo& info) {
    const std::string where = "input '" + info.name + "'";
    const std::string_view datatype = members.text("datatype", where);
    if (datatype != oip_datatype(info.dtype)) {
      refuse(where, fmt::format("has datatype {}", datatype.substr(0, 32)),
             std::string(oip_datatype(info.dtype)));
    }
    const std::vector<int64_t> shape = shape_of(members, where);
    checked_element_count(shape, info.name);
    check_input_shape(shape, info, limits_.max_batch);
    const JsonMembers parameters = parameters_of(members, where + ", parameters");
    refuse_shared_memory(parameters, where);
    const at::Tensor tensor = values(members, parameters, info, shape);
    check_input_values(tensor, info);
    return tensor;
  }

  at::Tensor values(const JsonMembers& members, const JsonMembers& parameters,
                    const TensorInfo& info, const std::vector<int64_t>& shape) {
    const std::string where = "input '" + info.name + "'";
    const element* data = members.find("data");
    if (parameters.find("binary_data_size") == nullptr) {
      if (data == nullptr) refuse(where, "has no 'data'", "an array of its values");
      if (lifted_ != nullptr && data->is_int64()) return lifted_values(*data, info, shape);
      return tensor_from_json(*data, info.dtype, shape, info.name);
    }
    if (data != nullptr) refuse(where, "has both 'data' and 'binary_data_size'", "one of them");
    const auto size = static_cast<size_t>(
        count_in(parameters, "binary_data_size", where, "how many bytes follow the JSON for it"));
    if (size > binary_.left()) {
      refuse(where, fmt::format("has binary_data_size {}", size),
             fmt::format("at most the {} bytes that are left behind the JSON, whose length the "
                         "header Inference-Header-Content-Length tells",
                         binary_.left()));
    }
    return tensor_from_bytes(binary_.take(size), info.dtype, shape, info.name);
  }

  at::Tensor lifted_values(element index, const TensorInfo& info,
                           const std::vector<int64_t>& shape) const {
    const auto& numbers = lifted_->arrays.at(static_cast<size_t>(index.get_int64().value()));
    const auto tensor = tensor_from_numbers(numbers, info.dtype, shape);
    if (!tensor) refuse("input '" + info.name + "'", "does not fit");  // the whole text tells why
    return *tensor;
  }

  const SessionInfo& info_;
  const InferLimits& limits_;
  BinaryData binary_;
  const LiftedNumbers* lifted_;
};

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
  request.inputs = InputReader(info, limits, body.substr(json_bytes), lifted).read(*inputs);
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
