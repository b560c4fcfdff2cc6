#include "program/program.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/throw_error.h"
#include "tensor/dtype.h"

namespace maas {

const Argument* Node::find(const std::string& name) const {
  for (const NamedArgument& argument : arguments) {
    if (argument.name == name) return &argument.value;
  }
  return nullptr;
}

void Node::set(const std::string& name, Argument value) {
  for (NamedArgument& argument : arguments) {
    if (argument.name == name) {
      argument.value = std::move(value);
      return;
    }
  }
  arguments.push_back({name, std::move(value), true});
}

std::vector<const GraphInput*> Program::user_inputs() const {
  std::vector<const GraphInput*> found;
  for (const GraphInput& input : inputs) {
    if (input.kind == GraphInput::Kind::kUser) found.push_back(&input);
  }
  return found;
}

std::vector<const GraphOutput*> Program::user_outputs() const {
  std::vector<const GraphOutput*> found;
  for (const GraphOutput& output : outputs) {
    if (output.kind == GraphOutput::Kind::kUser) found.push_back(&output);
  }
  return found;
}

const at::Tensor& Program::tensor_of(const GraphInput& input) const {
  const auto& table = input.kind == GraphInput::Kind::kParameter ? parameters
                      : input.kind == GraphInput::Kind::kBuffer  ? buffers
                                                                 : constants;
  const auto found = table.find(input.target);
  if (found == table.end()) {
    throw_input(fmt::format("graph input '{}'", input.target), "has no tensor behind it",
                "one weight for every parameter and buffer",
                "the model is incomplete; export it again");
  }
  return found->second;
}

std::vector<Dim> Program::output_shape() const {
  const auto given = user_outputs();
  const auto* ref = given.empty() ? nullptr : std::get_if<ValueRef>(&given[0]->value);
  return ref == nullptr ? std::vector<Dim>{} : value(ref->id).shape;
}

int64_t Program::parameter_count() const {
  int64_t count = 0;
  for (const auto& [name, tensor] : parameters) count += tensor.numel();
  return count;
}

int64_t Program::byte_count() const {
  int64_t count = 0;
  for (const auto* table : {&parameters, &buffers, &constants}) {
    for (const auto& [name, tensor] : *table) count += static_cast<int64_t>(tensor.nbytes());
  }
  return count;
}

std::string to_text(const Dim& dim) {
  return dim.is_symbolic() ? dim.expression : std::to_string(dim.size);
}

std::string to_text(const std::vector<Dim>& shape) {
  std::string text = "[";
  for (const Dim& dim : shape) text += (text.size() > 1 ? ", " : "") + to_text(dim);
  return text + "]";
}

bool same_sample(const Value& a, const Value& b) {
  return a.shape.size() == b.shape.size() && !a.shape.empty() &&
         std::equal(a.shape.begin() + 1, a.shape.end(), b.shape.begin() + 1);
}

bool is_rows(const std::vector<Dim>& shape, int64_t width) {
  return (shape.size() == 2 && shape[1].size == width) || (shape.size() == 1 && width == 1);
}

std::string type_text(const at::Tensor& tensor) {
  return dtype_name(tensor.scalar_type()) +
         to_text(std::vector<Dim>(tensor.sizes().begin(), tensor.sizes().end()));
}

std::string type_text(const Value& value) { return dtype_name(value.dtype) + to_text(value.shape); }

namespace {

std::string name_of(const Program& program, ValueId id) {
  return id == kNoValue ? "none" : "%" + program.value(id).name;
}

std::string typed_name(const Program& program, ValueId id) {
  if (id == kNoValue) return "_";
  const Value& value = program.value(id);
  if (value.kind != ValueKind::kTensor)
    return fmt::format("%{}: {}", value.name, to_text(value.number));
  return fmt::format("%{}: {}", value.name, type_text(value));
}

struct ArgumentText {
  const Program& program;
  std::string operator()(const None&) const { return "none"; }
  std::string operator()(const ValueRef& ref) const { return name_of(program, ref.id); }
  std::string operator()(const ValueList& list) const {
    std::vector<std::string> names;
    for (const ValueId id : list.ids) names.push_back(name_of(program, id));
    return fmt::format("[{}]", fmt::join(names, ", "));
  }
  std::string operator()(const IntList& list) const {
    std::vector<std::string> items;
    for (const IntOrValue& item : list.items) {
      items.push_back(item.value == kNoValue ? std::to_string(item.number)
                                             : name_of(program, item.value));
    }
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
  std::string operator()(bool flag) const { return flag ? "true" : "false"; }
  std::string operator()(int64_t number) const { return std::to_string(number); }
  std::string operator()(double number) const { return fmt::format("{}", number); }
  std::string operator()(const std::string& text) const { return fmt::format("\"{}\"", text); }
  std::string operator()(at::ScalarType dtype) const { return dtype_name(dtype); }
  std::string operator()(at::MemoryFormat format) const {
    return fmt::format("format:{}", static_cast<int>(format));
  }
  std::string operator()(at::Layout layout) const {
    return fmt::format("layout:{}", static_cast<int>(layout));
  }
  std::string operator()(const at::Device& device) const { return device.str(); }
  template <class T>
  std::string operator()(const std::vector<T>& items) const {
    return fmt::format("[{}]", fmt::join(items, ", "));
  }
};

const char* kind_name(GraphInput::Kind kind) {
  switch (kind) {
    case GraphInput::Kind::kParameter:
      return "parameter";
    case GraphInput::Kind::kBuffer:
      return "buffer";
    case GraphInput::Kind::kConstant:
      return "constant";
    case GraphInput::Kind::kUser:
      return "input";
    case GraphInput::Kind::kConstantScalar:
      return "fixed";
  }
  return "";
}

}  // namespace

std::string to_text(const Program& program) {
  std::string text;
  for (const GraphInput& input : program.inputs) {
    if (input.value == kNoValue) continue;
    text += fmt::format("{} {}\n", kind_name(input.kind), typed_name(program, input.value));
  }
  for (const Node& node : program.nodes) {
    std::vector<std::string> results, arguments;
    for (const Node::Output& output : node.outputs) {
      for (const ValueId id : output.ids) results.push_back(typed_name(program, id));
    }
    for (const NamedArgument& argument : node.arguments) {
      arguments.push_back((argument.keyword ? argument.name + "=" : "") +
                          std::visit(ArgumentText{program}, argument.value));
    }
    text += fmt::format("{} = {}({})\n", fmt::join(results, ", "), node.full_name(),
                        fmt::join(arguments, ", "));
  }
  for (const GraphOutput& output : program.outputs) {
    const char* kind = output.kind == GraphOutput::Kind::kUser ? "output" : "writes buffer";
    text += fmt::format("{} {}{}\n", kind, output.target.empty() ? "" : output.target + " ",
                        std::visit(ArgumentText{program}, output.value));
  }
  return text;
}

}  // namespace maas
