#include "export/onnx/writer.h"

#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "base/error.h"
#include "base/throw_error.h"
#include "program/arguments.h"
#include "program/rewrite.h"
#include "tensor/dtype.h"

namespace maas {

OnnxWriter::OnnxWriter(const Program& program, int64_t opset)
    : program_(program),
      opset_(opset),
      uses_(count_uses(program)),
      is_constant_(program.values.size(), false) {}

std::string OnnxWriter::unique(const std::string& wanted) {
  std::string name = wanted.empty() ? "value" : wanted;
  const std::string base = name;
  while (taken_.count(name) != 0) name = fmt::format("{}_{}", base, ++taken_[base]);
  taken_[name] = 0;
  return name;
}

std::string OnnxWriter::fresh(const std::string& stem) { return unique(node_name_ + "/" + stem); }

const std::string& OnnxWriter::name_of(ValueId id) {
  const auto found = names_.find(id);
  if (found != names_.end()) return found->second;
  const Value& value = program_.value(id);
  // A number that every input gives, whatever made it.
  MAAS_CHECK(value.kind == ValueKind::kSymInt && !value.number.is_symbolic());
  return names_[id] = numbers({value.number.size});
}

std::string OnnxWriter::operand(const Node& node, const std::string& argument) {
  const ValueId id = operand_of(node, argument);
  return id == kNoValue ? "" : name_of(id);
}

const Value* OnnxWriter::value_of(const Node& node, const std::string& argument) const {
  const ValueId id = operand_of(node, argument);
  return id == kNoValue ? nullptr : &program_.value(id);
}

const Value& OnnxWriter::result_of(const Node& node, size_t index) const {
  return program_.value(node.outputs.at(index).ids.at(0));
}

bool OnnxWriter::is_used(const Node& node, size_t index) const {
  if (index >= node.outputs.size()) return false;
  for (const ValueId id : node.outputs[index].ids) {
    if (id != kNoValue && uses_[id] > 0) return true;
  }
  return false;
}

bool OnnxWriter::is_constant(ValueId id) const { return is_constant_[id]; }

std::string OnnxWriter::as_type(const Node& node, const std::string& argument,
                                at::ScalarType dtype) {
  if (const Value* value = value_of(node, argument)) {
    const std::string name = operand(node, argument);
    if (value->kind != ValueKind::kTensor) {
      const std::string number = scalar_of(name);
      return dtype == at::kLong ? number : cast(number, dtype);
    }
    return value->dtype == dtype ? name : cast(name, dtype);
  }
  const Argument* given = node.find(argument);
  if (given != nullptr && std::holds_alternative<bool>(*given)) {
    return scalar(std::get<bool>(*given) ? 1 : 0, dtype);
  }
  if (given != nullptr && std::holds_alternative<int64_t>(*given) && dtype == at::kLong) {
    return constant(at::scalar_tensor(std::get<int64_t>(*given), dtype));
  }
  return scalar(number_of(node, argument, 0), dtype);
}

std::vector<std::string> OnnxWriter::emit_many(const std::string& op,
                                               std::vector<std::string> inputs,
                                               std::vector<OnnxAttribute> attributes,
                                               size_t count) {
  while (!inputs.empty() && inputs.back().empty()) inputs.pop_back();
  OnnxNode node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attributes = std::move(attributes);
  for (size_t i = 0; i < count; ++i) node.outputs.push_back(fresh(op));
  emitted_.insert(node.outputs.begin(), node.outputs.end());
  node.name = node.outputs[0];
  model_.graph.nodes.push_back(node);
  return node.outputs;
}

std::string OnnxWriter::emit(const std::string& op, std::vector<std::string> inputs,
                             std::vector<OnnxAttribute> attributes) {
  return emit_many(op, std::move(inputs), std::move(attributes), 1)[0];
}

void OnnxWriter::give_value(ValueId id, const std::string& name) {
  if (id == kNoValue) return;
  names_[id] = name;
  const bool is_tensor = program_.value(id).kind == ValueKind::kTensor;
  if (is_tensor && emitted_.count(name) != 0 && final_names_.count(name) == 0) {
    final_names_[name] = unique(program_.value(id).name);
  }
}

bool OnnxWriter::give(const Node& node, const std::string& name, size_t index) {
  if (index < node.outputs.size()) give_value(node.outputs[index].ids.at(0), name);
  return true;
}

std::string OnnxWriter::weight(const std::string& name, const at::Tensor& tensor) {
  const std::string own = unique(name);
  tensors_[own] = tensor;
  tensor_order_.push_back(own);
  return own;
}

std::string OnnxWriter::reformed(ValueId id, const at::Tensor& tensor) {
  const std::string name = name_of(id);
  if (uses_[id] != 1) return weight(name, tensor);
  tensors_[name] = tensor;
  return name;
}

std::string OnnxWriter::constant(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.contiguous();
  std::string key = type_text(dense);
  key.append(static_cast<const char*>(dense.const_data_ptr()), dense.nbytes());
  const auto found = constants_.find(key);
  if (found != constants_.end()) return found->second;
  return constants_[key] = weight(fmt::format("constant_{}", constants_.size()), dense);
}

std::string OnnxWriter::scalar(double number, at::ScalarType dtype) {
  return constant(at::scalar_tensor(number, dtype));
}

std::string OnnxWriter::numbers(const std::vector<int64_t>& values) {
  return constant(at::tensor(values, at::kLong));
}

std::string OnnxWriter::cast(const std::string& name, at::ScalarType to) {
  const auto type = dtype_to_onnx(to);
  MAAS_CHECK(type.has_value());
  return emit("Cast", {name}, {{"to", int64_t{*type}}});
}

std::string OnnxWriter::size_of(ValueId tensor, int64_t dim) {
  const Dim& size = program_.value(tensor).shape.at(static_cast<size_t>(dim));
  if (!size.is_symbolic()) return numbers({size.size});
  std::string& name = made_[fmt::format("size:{}:{}", tensor, dim)];
  if (name.empty()) {
    name = emit("Shape", {name_of(tensor)}, {{"end", dim + 1}, {"start", dim}});
  }
  return name;
}

std::string OnnxWriter::size(const IntOrValue& item) {
  return item.value == kNoValue ? numbers({item.number}) : name_of(item.value);
}

std::string OnnxWriter::sizes(const std::vector<IntOrValue>& items) {
  std::vector<std::string> parts;
  std::vector<int64_t> plain;
  const auto close = [&] {
    if (!plain.empty()) parts.push_back(numbers(plain));
    plain.clear();
  };
  for (const IntOrValue& item : items) {
    if (item.value == kNoValue) {
      plain.push_back(item.number);
      continue;
    }
    close();
    parts.push_back(name_of(item.value));
  }
  close();
  if (parts.empty()) return numbers({});
  return parts.size() == 1 ? parts[0] : emit("Concat", parts, {{"axis", int64_t{0}}});
}

std::string OnnxWriter::scalar_of(const std::string& name) {
  const auto known = tensors_.find(name);
  if (known != tensors_.end()) return constant(known->second.reshape({}));
  return emit("Squeeze", {name, numbers({0})});
}

std::vector<IntOrValue> OnnxWriter::items_of(const Node& node, const std::string& argument) const {
  const Argument* given = node.find(argument);
  if (given == nullptr) return {};
  if (const auto* list = std::get_if<IntList>(given)) return list->items;
  if (const auto* number = std::get_if<int64_t>(given)) return {{*number, kNoValue}};
  if (const auto* ref = std::get_if<ValueRef>(given)) return {{0, ref->id}};
  return {};
}

std::string OnnxWriter::emit_reduction(const std::string& op, const std::string& x,
                                       const std::vector<int64_t>& axes, int64_t keepdims) {
  std::vector<std::string> inputs = {x};
  std::vector<OnnxAttribute> attributes = {{"keepdims", keepdims}};
  const bool as_input = op == "ReduceSum" || opset_ >= 18;
  if (!axes.empty() && as_input) inputs.push_back(numbers(axes));
  if (!axes.empty() && !as_input) attributes.push_back({"axes", axes});
  return emit(op, inputs, attributes);
}

OnnxAttribute axis_attribute(int64_t axis) { return {"axis", axis}; }

int64_t from_front(int64_t dim, size_t rank) {
  return dim < 0 ? dim + static_cast<int64_t>(rank) : dim;
}

std::vector<int64_t> dims_from_front(const std::vector<int64_t>& dims, size_t rank) {
  std::vector<int64_t> all;
  for (const int64_t dim : dims) all.push_back(from_front(dim, rank));
  return all;
}

}  // namespace maas
