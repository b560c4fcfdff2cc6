#include "export/onnx/reader.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/throw_error.h"

namespace maas {
namespace {

constexpr int64_t kMostSizes = 64;  // of a constant that may be a list of sizes

}  // namespace

int64_t front_dim(const OnnxReader& r, const OnnxNode& node, int64_t dim, size_t rank) {
  const auto count = static_cast<int64_t>(rank);
  if (dim < -count || dim >= count) {
    r.refuse(node, fmt::format("axis {} of {} dimensions", dim, rank), "one that is there");
  }
  return dim < 0 ? dim + count : dim;
}

size_t rank_of(const OnnxReader& r, ValueId id) { return r.value(id).shape.size(); }
Operand self(ValueId id) { return {"self", ValueRef{id}}; }
Operand reference(const char* name, ValueId id) { return {name, ValueRef{id}}; }

std::string OnnxReader::place(const OnnxNode& node) const {
  return fmt::format("{}: node '{}' ({})", path_.string(), node.name, node.op);
}

void OnnxReader::refuse(const OnnxNode& node, const std::string& what,
                        const std::string& expected) const {
  throw_input(place(node), what, expected, "export the model again without it");
}

const OnnxValue* OnnxReader::look(const OnnxNode& node, size_t index) const {
  if (index >= node.inputs.size() || node.inputs[index].empty()) return nullptr;
  const auto found = values_.find(node.inputs[index]);
  if (found == values_.end()) {
    throw_input(place(node),
                fmt::format("reads '{}', which nothing before it makes", node.inputs[index]),
                "nodes in an order in which they can run, without a cycle",
                "the file is damaged; use another copy");
  }
  return &found->second;
}

bool OnnxReader::has(const OnnxNode& node, size_t index) const {
  return look(node, index) != nullptr;
}

ValueId OnnxReader::tensor(const OnnxNode& node, size_t index) {
  if (!has(node, index)) {
    refuse(node, fmt::format("input {} is missing", index), "a tensor");
  }
  return id_of(node.inputs[index]);
}

Argument OnnxReader::tensor_or_none(const OnnxNode& node, size_t index) {
  return has(node, index) ? Argument(ValueRef{tensor(node, index)}) : Argument(None{});
}

std::optional<at::Tensor> OnnxReader::constant(const OnnxNode& node, size_t index) const {
  const OnnxValue* value = look(node, index);
  if (value == nullptr) return std::nullopt;
  if (value->constant.defined()) return value->constant;
  if (!value->sizes) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const IntOrValue& item : value->sizes->items) {
    if (item.value != kNoValue) return std::nullopt;
    numbers.push_back(item.number);
  }
  const at::Tensor all = at::tensor(numbers, at::kLong);
  return value->sizes->is_scalar ? all[0] : all;
}

std::optional<double> OnnxReader::scalar(const OnnxNode& node, size_t index) const {
  const auto tensor = constant(node, index);
  if (!tensor || tensor->numel() != 1) return std::nullopt;
  return tensor->to(at::kDouble).item<double>();
}

std::optional<SizeList> OnnxReader::sizes(const OnnxNode& node, size_t index) const {
  const OnnxValue* value = look(node, index);
  if (value == nullptr) return std::nullopt;
  if (value->sizes) return value->sizes;
  const at::Tensor& tensor = value->constant;
  const bool is_list = tensor.defined() && tensor.dim() <= 1 && tensor.numel() <= kMostSizes &&
                       (tensor.scalar_type() == at::kLong || tensor.scalar_type() == at::kInt);
  if (!is_list) return std::nullopt;
  SizeList list;
  list.is_scalar = tensor.dim() == 0;
  const at::Tensor whole = tensor.to(at::kLong).contiguous();
  const int64_t* numbers = whole.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < whole.numel(); ++i) list.items.push_back({numbers[i], kNoValue});
  return list;
}

IntList OnnxReader::size_list(const OnnxNode& node, size_t index) const {
  const auto found = sizes(node, index);
  if (!found) {
    refuse(node, fmt::format("input {} is computed", index),
           "constant numbers, or sizes of tensors");
  }
  return {found->items};
}

std::vector<int64_t> OnnxReader::integers(const OnnxNode& node, size_t index) const {
  std::vector<int64_t> numbers;
  for (const IntOrValue& item : size_list(node, index).items) {
    if (item.value != kNoValue) {
      refuse(node, fmt::format("input {} depends on sizes", index), "constant numbers");
    }
    numbers.push_back(item.number);
  }
  return numbers;
}

const OnnxNode* OnnxReader::only_reader(const std::string& name) const {
  const auto found = readers_.find(name);
  const bool one = found != readers_.end() && found->second.size() == 1;
  return one && outputs_.count(name) == 0 ? found->second[0] : nullptr;
}

bool OnnxReader::is_read_once(const std::string& name) const {
  return only_reader(name) != nullptr;
}

namespace {

template <class T>
const T* attribute(const OnnxReader& r, const OnnxNode& node, const char* name, const char* kind) {
  const OnnxAttribute* found = node.find(name);
  if (found == nullptr) return nullptr;
  const T* value = std::get_if<T>(&found->value);
  if (value == nullptr) r.refuse(node, fmt::format("attribute '{}' of another kind", name), kind);
  return value;
}

}  // namespace

int64_t OnnxReader::integer(const OnnxNode& node, const char* name, int64_t otherwise) const {
  const auto* found = attribute<int64_t>(*this, node, name, "an integer");
  return found == nullptr ? otherwise : *found;
}

double OnnxReader::real(const OnnxNode& node, const char* name, double otherwise) const {
  const auto* found = attribute<float>(*this, node, name, "a float");
  return found == nullptr ? otherwise : static_cast<double>(*found);
}

std::string OnnxReader::text(const OnnxNode& node, const char* name,
                             const std::string& otherwise) const {
  const auto* found = attribute<std::string>(*this, node, name, "a text");
  return found == nullptr ? otherwise : *found;
}

std::optional<std::vector<int64_t>> OnnxReader::list(const OnnxNode& node, const char* name) const {
  const auto* found = attribute<std::vector<int64_t>>(*this, node, name, "a list of integers");
  return found == nullptr ? std::nullopt : std::optional(*found);
}

ValueId OnnxReader::call(const std::string& op, const std::vector<Operand>& operands) {
  return rewriter_.emit(op, operands);
}

std::vector<ValueId> OnnxReader::call_many(const std::string& op,
                                           const std::vector<Operand>& operands, size_t count) {
  return rewriter_.emit_many(op, operands, count);
}

IntOrValue OnnxReader::size_of(ValueId id, int64_t dim) {
  const Dim& size = value(id).shape.at(static_cast<size_t>(dim));
  if (!size.is_symbolic()) return {size.size, kNoValue};
  const std::string key = size.expression;
  const auto known = size_values_.find(key);
  if (known != size_values_.end()) return {0, known->second};
  return {0, size_values_[key] = call("aten::sym_size.int", {self(id), {"dim", dim}})};
}

void OnnxReader::define(const OnnxNode& node, size_t index, OnnxValue value) {
  if (index >= node.outputs.size() || node.outputs[index].empty()) return;
  if (!values_.emplace(node.outputs[index], std::move(value)).second) {
    throw_input(place(node), fmt::format("makes '{}', which is there already", node.outputs[index]),
                "a name of its own for each value", "the file is damaged; use another copy");
  }
}

void OnnxReader::give(const OnnxNode& node, ValueId id, size_t index) {
  OnnxValue value;
  value.id = id;
  define(node, index, std::move(value));
}

void OnnxReader::give_constant(const OnnxNode& node, const at::Tensor& tensor) {
  OnnxValue value;
  value.constant = tensor;
  define(node, 0, std::move(value));
}

void OnnxReader::give_sizes(const OnnxNode& node, SizeList sizes) {
  OnnxValue value;
  value.sizes = std::move(sizes);
  define(node, 0, std::move(value));
}

void OnnxReader::give_value(const OnnxNode& node, OnnxValue value) {
  define(node, 0, std::move(value));
}

void OnnxReader::give_same(const OnnxNode& node) {
  const OnnxValue* value = look(node, 0);
  if (value == nullptr) refuse(node, "has no input", "one");
  // A constant keeps its own name: it is one tensor, however often it is passed on.
  if (value->constant.defined()) {
    give(node, tensor(node, 0));
  } else {
    define(node, 0, *value);
  }
}

}  // namespace maas
