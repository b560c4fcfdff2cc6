#include "program/emit.h"

#include <fmt/format.h>

namespace maas {

Node make_node(const std::string& op, const std::vector<Operand>& operands) {
  Node node;
  const size_t dot = op.find('.');
  node.op = op.substr(0, dot);
  if (dot != op.npos) node.overload = op.substr(dot + 1);
  for (const Operand& operand : operands) {
    node.arguments.push_back({operand.name, operand.value, false});
  }
  return node;
}

ValueId add_result(Program& program, Node& node, const std::string& stem, ValueId like) {
  const auto id = static_cast<ValueId>(program.values.size());
  Value value;
  if (like != kNoValue) value = program.value(like);
  value.name = fmt::format("{}_v{}", stem, id);  // unique: ids are never used twice
  value.strides.clear();
  program.values.push_back(std::move(value));
  node.outputs.push_back({{id}, false});
  return id;
}

namespace {

ValueId add_tensor(Program& program, InputKindOf kind, const std::string& name,
                   const at::Tensor& tensor) {
  auto& table = kind == InputKindOf::kParameter ? program.parameters : program.constants;
  std::string target = name;
  for (int64_t i = 1; table.count(target) != 0; ++i) target = fmt::format("{}_{}", name, i);
  const auto id = static_cast<ValueId>(program.values.size());
  Value value;
  value.name = fmt::format("{}_v{}", target, id);
  value.dtype = tensor.scalar_type();
  value.shape = {tensor.sizes().begin(), tensor.sizes().end()};
  program.values.push_back(std::move(value));
  program.inputs.insert(program.inputs.begin(), {kind, id, target, true, None{}});
  table[target] = tensor;
  return id;
}

}  // namespace

ValueId add_weight(Program& program, const std::string& name, const at::Tensor& tensor) {
  return add_tensor(program, InputKindOf::kParameter, name, tensor);
}

ValueId add_constant(Program& program, const std::string& name, const at::Tensor& tensor) {
  return add_tensor(program, InputKindOf::kConstant, name, tensor);
}

ValueId add_user_input(Program& program, const std::string& name, at::ScalarType dtype,
                       std::vector<Dim> shape) {
  const auto id = static_cast<ValueId>(program.values.size());
  Value value;
  value.name = fmt::format("{}_v{}", name, id);
  value.dtype = dtype;
  value.shape = std::move(shape);
  program.values.push_back(std::move(value));
  program.inputs.push_back({InputKindOf::kUser, id, name, true, None{}});
  return id;
}

ValueId operand_of(const Node& node, const std::string& name) {
  const Argument* argument = node.find(name);
  const auto* ref = argument == nullptr ? nullptr : std::get_if<ValueRef>(argument);
  return ref == nullptr ? kNoValue : ref->id;
}

double number_of(const Node& node, const std::string& name, double otherwise) {
  const Argument* argument = node.find(name);
  if (argument == nullptr) return otherwise;
  if (const auto* real = std::get_if<double>(argument)) return *real;
  if (const auto* whole = std::get_if<int64_t>(argument)) return static_cast<double>(*whole);
  return otherwise;
}

int64_t integer_of(const Node& node, const std::string& name, int64_t otherwise) {
  const Argument* argument = node.find(name);
  const auto* whole = argument == nullptr ? nullptr : std::get_if<int64_t>(argument);
  return whole == nullptr ? otherwise : *whole;
}

bool flag_of(const Node& node, const std::string& name, bool otherwise) {
  const Argument* argument = node.find(name);
  const auto* flag = argument == nullptr ? nullptr : std::get_if<bool>(argument);
  return flag == nullptr ? otherwise : *flag;
}

Argument argument_of(const Node& node, const std::string& name, Argument otherwise) {
  const Argument* argument = node.find(name);
  return argument == nullptr ? otherwise : *argument;
}

std::optional<std::vector<int64_t>> integers_of(const Node& node, const std::string& name,
                                                std::vector<int64_t> otherwise) {
  const Argument* argument = node.find(name);
  if (argument == nullptr) return otherwise;
  if (const auto* number = std::get_if<int64_t>(argument)) return std::vector<int64_t>{*number};
  const auto* list = std::get_if<IntList>(argument);
  if (list == nullptr) return std::nullopt;
  std::vector<int64_t> numbers;
  for (const IntOrValue& item : list->items) {
    if (item.value != kNoValue) return std::nullopt;
    numbers.push_back(item.number);
  }
  return numbers;
}

IntList int_list(const std::vector<int64_t>& numbers) {
  IntList list;
  for (const int64_t number : numbers) list.items.push_back({number, kNoValue});
  return list;
}

}  // namespace maas
