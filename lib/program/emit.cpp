#include "program/emit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

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

namespace {

// Ids are never used twice; but a file may have given the name to another value.
std::string unused(const Program& program, std::string name) {
  const auto is_used = [&] {
    return std::any_of(program.values.begin(), program.values.end(),
                       [&](const Value& value) { return value.name == name; });
  };
  while (is_used()) name += '_';
  return name;
}

}  // namespace

ValueId add_result(Program& program, Node& node, const std::string& stem, ValueId like) {
  const auto id = static_cast<ValueId>(program.values.size());
  Value value;
  if (like != kNoValue) value = program.value(like);
  value.name = unused(program, fmt::format("{}_v{}", stem, id));
  value.strides.clear();
  program.values.push_back(std::move(value));
  node.outputs.push_back({{id}, false});
  return id;
}

namespace {

// Values are Python variables in a saved graph; targets may have dots, or begin with a digit.
std::string value_name(std::string name, ValueId id) {
  if (name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0) name = "w_" + name;
  for (char& c : name) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  }
  const bool starts_badly = name.empty() || std::isdigit(static_cast<unsigned char>(name[0])) != 0;
  return fmt::format("{}{}_v{}", starts_badly ? "v" : "", name, id);
}

ValueId add_tensor(Program& program, GraphInput::Kind kind, const std::string& name,
                   const at::Tensor& tensor) {
  auto& table = kind == GraphInput::Kind::kParameter ? program.parameters
                : kind == GraphInput::Kind::kBuffer  ? program.buffers
                                                     : program.constants;
  std::string target = name;
  for (int64_t i = 1; table.count(target) != 0; ++i) target = fmt::format("{}_{}", name, i);
  const auto id = static_cast<ValueId>(program.values.size());
  Value value;
  value.name = unused(program, value_name(target, id));
  value.dtype = tensor.scalar_type();
  value.shape = {tensor.sizes().begin(), tensor.sizes().end()};
  program.values.push_back(std::move(value));
  // Python's order: parameters, buffers, the rest.
  auto place = program.inputs.begin();
  while (place != program.inputs.end() && kind == GraphInput::Kind::kBuffer &&
         place->kind == GraphInput::Kind::kParameter) {
    ++place;
  }
  program.inputs.insert(place, {kind, id, target, true, None{}});
  table[target] = tensor;
  return id;
}

}  // namespace

ValueId add_weight(Program& program, const std::string& name, const at::Tensor& tensor) {
  return add_tensor(program, GraphInput::Kind::kParameter, name, tensor);
}

ValueId add_constant(Program& program, const std::string& name, const at::Tensor& tensor) {
  return add_tensor(program, GraphInput::Kind::kConstant, name, tensor);
}

ValueId add_buffer(Program& program, const std::string& name, const at::Tensor& tensor) {
  return add_tensor(program, GraphInput::Kind::kBuffer, name, tensor);
}

ValueId add_user_input(Program& program, const std::string& name, at::ScalarType dtype,
                       std::vector<Dim> shape) {
  const auto id = static_cast<ValueId>(program.values.size());
  Value value;
  value.name = value_name(name, id);
  value.dtype = dtype;
  value.shape = std::move(shape);
  program.values.push_back(std::move(value));
  program.inputs.push_back({GraphInput::Kind::kUser, id, name, true, None{}});
  return id;
}

}  // namespace maas
