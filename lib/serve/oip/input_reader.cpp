#include "serve/oip/input_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <span>

#include "base/throw_error.h"
#include "serve/binary_tensor.h"
#include "serve/check_inputs.h"
#include "serve/json_tensor.h"
#include "serve/nested_lists.h"
#include "serve/oip/sample_inputs.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

using simdjson::dom::element;

constexpr size_t kLongestName = 256;

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected = "") {
  throw_input(where, what, expected);
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

// `data` of BYTES: one string a row, or a list of one.
std::vector<std::string_view> texts_in(element data, int64_t rows, const std::string& where) {
  std::vector<std::string_view> texts;
  simdjson::dom::array list;
  if (data.get(list) != simdjson::SUCCESS) refuse(where + ", data", "is no array", "an array");
  for (element item : list) {
    simdjson::dom::array one;
    if (item.get(one) == simdjson::SUCCESS && one.size() == 1) item = one.at(0).value();
    texts.push_back(text_of(item, where + ", data"));
  }
  if (static_cast<int64_t>(texts.size()) == rows) return texts;
  refuse(where, fmt::format("has {} values", texts.size()),
         fmt::format("{}, as its shape says", rows));
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
    check_all_taken();
    return inputs;
  }

  // Whether they are what users have, and not the model's own tensors (oip/sample_inputs.h).
  bool are_samples(element list) const {
    if (!info_.samples) return false;
    const bool table = info_.samples->data.input.kind == InputKind::kTable;
    for (const element item : elements_of(list, "inputs")) {
      const JsonMembers members(item, "inputs");
      if (members.text("datatype", "inputs") == "BYTES") return true;
      if (table && !is_input(members.text("name", "inputs")) &&
          is_column(members.text("name", "inputs"))) {
        return true;
      }
    }
    return false;
  }

  ReadSamples read_samples(element list) {
    std::vector<SampleInput> samples;
    for (const element item : elements_of(list, "inputs")) {
      const JsonMembers members(item, "inputs");
      const std::string name(members.text("name", "inputs").substr(0, kLongestName));
      for (const SampleInput& other : samples) {
        if (other.name == name) refuse("input '" + name + "'", "is given twice", "once");
      }
      samples.push_back(sample_input(members, name));
    }
    check_all_taken();
    ReadSamples read = samples_of_inputs(samples, info_);
    check_inputs(read.inputs, info_, limits_.max_batch);
    return read;
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
    if (const auto bytes = binary_of(members, parameters, where)) {
      return tensor_from_bytes(*bytes, info.dtype, shape, info.name);
    }
    const element data = *members.find("data");
    if (lifted_ != nullptr && data.is_int64()) return lifted_values(data, info, shape);
    return tensor_from_json(data, info.dtype, shape, info.name);
  }

  // An input's binary data; nothing: its values are in `data`.
  std::optional<std::string_view> binary_of(const JsonMembers& members,
                                            const JsonMembers& parameters,
                                            const std::string& where) {
    const element* data = members.find("data");
    if (parameters.find("binary_data_size") == nullptr) {
      if (data == nullptr) refuse(where, "has no 'data'", "an array of its values");
      return std::nullopt;
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
    return binary_.take(size);
  }

  SampleInput sample_input(const JsonMembers& members, const std::string& name) {
    const std::string where = "input '" + name + "'";
    const std::string_view datatype = members.text("datatype", where);
    const std::vector<int64_t> shape = shape_of(members, where);
    const int64_t rows = checked_element_count(shape, name);
    if (shape.empty() || shape[0] != rows) {
      refuse(where, fmt::format("has shape [{}]", fmt::join(shape, ", ")),
             "[rows] or [rows, 1]: one value a row");
    }
    const JsonMembers parameters = parameters_of(members, where + ", parameters");
    refuse_shared_memory(parameters, where);
    SampleInput input{name, {}, false, {}};
    if (datatype != "BYTES") {
      const auto dtype = dtype_from_protocol(datatype);
      if (!dtype) refuse(where, "has no known datatype", "BYTES, or a number's");
      input.numbers = values(members, parameters, {name, *dtype, {-1}}, shape).view(-1);
      const bool whole = at::isIntegralType(*dtype, true) && *dtype != at::kUInt64;
      input.numbers =
          *dtype == at::kFloat ? input.numbers : input.numbers.to(whole ? at::kLong : at::kDouble);
      return input;
    }
    const auto bytes = binary_of(members, parameters, where);
    input.in_json = !bytes;
    input.texts = bytes ? texts_from_bytes(*bytes, rows, where)
                        : texts_in(*members.find("data"), rows, where);
    return input;
  }

  bool is_input(std::string_view name) const {
    return std::any_of(info_.inputs.begin(), info_.inputs.end(),
                       [&](const TensorInfo& input) { return input.name == name; });
  }
  bool is_column(std::string_view name) const {
    const auto& columns = info_.samples->data.input.columns;
    return std::any_of(columns.begin(), columns.end(),
                       [&](const ColumnSpec& column) { return column.name == name; });
  }

  void check_all_taken() const {
    if (binary_.taken() == binary_.size()) return;
    refuse("body", fmt::format("has {} bytes of binary data", binary_.size()),
           fmt::format("{}, the sum of binary_data_size", binary_.taken()));
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

}  // namespace

size_t index_of(const std::vector<TensorInfo>& tensors, std::string_view name,
                const std::string& kind) {
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (tensors[i].name == name) return i;
  }
  refuse(fmt::format("{} '{}'", kind, name.substr(0, 128)), "is not one of this model's",
         names_of(tensors));
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

void refuse_shared_memory(const JsonMembers& parameters, const std::string& where) {
  if (parameters.find("shared_memory_region") == nullptr) return;
  refuse(where, "lies in shared memory",
         "its data in the request: this server maps no memory of others");
}

ReadInputs read_inputs(element list, const SessionInfo& info, const InferLimits& limits,
                       std::string_view binary, const LiftedNumbers* lifted) {
  InputReader reader(info, limits, binary, lifted);
  if (!reader.are_samples(list)) return {reader.read(list), {}};
  ReadSamples read = reader.read_samples(list);
  return {std::move(read.inputs), std::move(read.warnings)};
}

}  // namespace maas
