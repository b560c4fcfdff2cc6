// A call's arguments are laid out as call/call.h does it, with nodes in the places of values. What
// the graph computes with sizes has operators of its own in TorchScript.
#include "export/torchscript/graph_writer.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"
#include "call/call.h"
#include "program/operators.h"
#include "tensor/short_reason.h"

namespace maas {
namespace {

namespace jit = torch::jit;

// torch.export's arithmetic on sizes -> the operator with the same meaning.
const std::map<std::string, const char*>& arithmetic() {
  static const std::map<std::string, const char*> table = {
      {"_operator::add", "aten::add"},         {"_operator::sub", "aten::sub"},
      {"_operator::mul", "aten::mul"},         {"_operator::floordiv", "aten::floordiv"},
      {"_operator::truediv", "aten::div"},     {"_operator::mod", "aten::remainder"},
      {"_operator::neg", "aten::neg"},         {"_operator::pow", "aten::pow"},
      {"_operator::and_", "aten::__and__"},    {"_operator::or_", "aten::__or__"},
      {"_operator::not_", "aten::__not__"},    {"_operator::sym_not", "aten::__not__"},
      {"_operator::eq", "aten::eq"},           {"_operator::ne", "aten::ne"},
      {"_operator::lt", "aten::lt"},           {"_operator::le", "aten::le"},
      {"_operator::gt", "aten::gt"},           {"_operator::ge", "aten::ge"},
      {"_operator::sym_min", "prim::min"},     {"_operator::sym_max", "prim::max"},
      {"_operator::sym_int", "aten::Int"},     {"math::trunc", "aten::Int"},
      {"_operator::sym_float", "aten::Float"}, {"math::ceil", "aten::ceil"},
      {"math::floor", "aten::floor"},          {"math::sqrt", "aten::sqrt"},
  };
  return table;
}

// Reading a size, or a tensor's only element, as a number.
const std::map<std::string, const char*>& readings() {
  static const std::map<std::string, const char*> table = {
      {"aten::sym_size", "aten::size"},     {"aten::sym_numel", "aten::numel"},
      {"aten::sym_stride", "aten::stride"}, {"aten::sym_storage_offset", "aten::storage_offset"},
      {"aten::item", "aten::item"},         {"aten::_local_scalar_dense", "aten::item"},
  };
  return table;
}

bool has_results(const Node& node) {
  return std::any_of(node.outputs.begin(), node.outputs.end(),
                     [](const Node::Output& output) { return !output.ids.empty(); });
}

// full(size, True): TorchScript takes no flags for numbers.
bool is_flag_for_number(const c10::Argument& parameter, const Argument& given) {
  c10::TypePtr type = parameter.type();
  if (type->kind() == c10::TypeKind::OptionalType) {
    type = type->expectRef<c10::OptionalType>().getElementType();
  }
  return type->kind() == c10::TypeKind::NumberType && std::holds_alternative<bool>(given);
}

[[noreturn]] void refuse(const std::string& where, const std::string& what) {
  throw_usage(where, what, "an operator that TorchScript has",
              "choose another --format, or replace the operator in the network");
}

}  // namespace

GraphWriter::GraphWriter(const Program& program, ModuleTree& tree)
    : program_(program),
      tree_(tree),
      graph_(std::make_shared<jit::Graph>()),
      values_(program.values.size(), nullptr) {
  for (const GraphInput& input : program.inputs) {
    if (input.value == kNoValue || input.kind == GraphInput::Kind::kUser) continue;
    tensors_[input.value] = tree.add(program, input);
  }
}

std::shared_ptr<jit::Graph> GraphWriter::write() {
  add_inputs();
  for (size_t i = 0; i < program_.nodes.size(); ++i) write_node(i);
  write_outputs();
  return graph_;
}

void GraphWriter::add_inputs() {
  self_ = graph_->addInput("self");
  self_->setType(tree_.root().type());
  for (const GraphInput* input : program_.user_inputs()) {
    std::string own =
        as_identifier(input->target.empty() ? program_.value(input->value).name : input->target);
    const bool starts_badly = std::isdigit(static_cast<unsigned char>(own[0])) != 0;
    if (own == "self" || starts_badly) own = "input_" + own;
    values_[input->value] = graph_->addInput(own);
  }
}

void GraphWriter::write_node(size_t index) {
  const Node& node = program_.nodes[index];
  if (!has_results(node)) return;  // an assertion
  const std::string where = describe_node(program_, node, static_cast<int64_t>(index));
  try {
    const auto reading = readings().find(node.op);
    if (arithmetic().count(node.op) != 0) {
      write_arithmetic(node);
    } else if (reading != readings().end()) {
      std::vector<JitValue> arguments;
      for (const NamedArgument& argument : node.arguments) {
        arguments.push_back(scalar(argument.value));
      }
      set_number(node.outputs[0].ids[0], call(reading->second, arguments));
    } else {
      write_operator(node, where);
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {  // a schema that TorchScript has differently
    const std::string text = short_reason(error);
    refuse(where, text.substr(0, text.find('\n')));
  }
}

void GraphWriter::write_operator(const Node& node, const std::string& where) {
  const auto handle = c10::Dispatcher::singleton().findSchema({node.op, node.overload});
  if (!handle) refuse(where, "TorchScript has no such operator");
  const c10::FunctionSchema& schema = handle->schema();
  std::vector<JitValue> arguments;
  bool changed_flags = false;
  for (const c10::Argument& parameter : schema.arguments()) {
    const Argument* given = node.find(parameter.name());
    if (given != nullptr && is_flag_for_number(parameter, *given)) {
      arguments.push_back(graph_->insertConstant(std::get<bool>(*given) ? 1 : 0));
      changed_flags = true;
      continue;
    }
    ConvertedArgument converted;
    if (given != nullptr) {
      converted = convert_argument(program_, where, parameter, *given);
    } else {
      converted.constant = parameter.default_value().value();
    }
    arguments.push_back(filled(converted));
  }
  jit::Node* made =
      graph_->create(c10::Symbol::fromQualString(node.op), arguments, schema.returns().size());
  for (size_t i = 0; i < schema.returns().size(); ++i) {
    made->output(i)->setType(schema.returns()[i].type());
  }
  graph_->insertNode(made);
  // Read again, the call is matched by its types: it must be the same operator.
  const c10::FunctionSchema* matched = made->maybeSchema();
  if (matched == nullptr || matched->overload_name() != node.overload) {
    refuse(where, matched == nullptr
                      ? "its arguments fit no schema of TorchScript"
                      : "TorchScript takes it for overload '" + matched->overload_name() + "'");
  }
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    set_result(node, i, made->output(i));
    if (changed_flags) restore_dtype(node.outputs[i]);
  }
}

// An integer in the place of a flag may have made integers of flags.
void GraphWriter::restore_dtype(const Node::Output& output) {
  const ValueId id = output.is_list ? kNoValue : output.ids[0];
  if (id == kNoValue || program_.value(id).dtype != at::kBool) return;
  values_[id] = call("aten::to", {values_[id], graph_->insertConstant(at::kBool)});
}

void GraphWriter::write_arithmetic(const Node& node) {
  std::vector<JitValue> arguments;
  for (const NamedArgument& argument : node.arguments) arguments.push_back(scalar(argument.value));
  set_number(node.outputs[0].ids[0], call(arithmetic().at(node.op), arguments));
}

GraphWriter::JitValue GraphWriter::call(const char* op, const std::vector<JitValue>& arguments) {
  const std::vector<jit::NamedValue> named(arguments.begin(), arguments.end());
  return graph_->insert(c10::Symbol::fromQualString(op), named);
}

// Of the kind that the program says, whatever TorchScript's operator gives.
void GraphWriter::set_number(ValueId id, JitValue made) {
  if (id == kNoValue) return;
  const ValueKind kind = program_.value(id).kind;
  const auto is = [&](c10::TypeKind type) { return made->type()->kind() == type; };
  if (kind == ValueKind::kSymInt && !is(c10::TypeKind::IntType)) made = call("aten::Int", {made});
  if (kind == ValueKind::kSymFloat && !is(c10::TypeKind::FloatType)) {
    made = call("aten::Float", {made});
  }
  if (kind == ValueKind::kSymBool && !is(c10::TypeKind::BoolType)) {
    made = call("aten::Bool", {made});
  }
  values_[id] = made;
  name(made, id);
}

void GraphWriter::set_result(const Node& node, size_t index, JitValue made) {
  const Node::Output& output = node.outputs[index];
  if (output.is_list) return unpack_list(output, made);
  const ValueId id = output.ids[0];
  if (id == kNoValue) return;
  values_[id] = made;
  name(made, id);
}

void GraphWriter::unpack_list(const Node::Output& output, JitValue made) {
  jit::Node* unpack = graph_->insertNode(graph_->createListUnpack(made, output.ids.size()));
  for (size_t i = 0; i < output.ids.size(); ++i) {
    if (output.ids[i] == kNoValue) continue;
    values_[output.ids[i]] = unpack->output(i);
    name(unpack->output(i), output.ids[i]);
  }
}

void GraphWriter::name(JitValue made, ValueId id) const {
  const std::string own = as_identifier(program_.value(id).name);
  if (std::isdigit(static_cast<unsigned char>(own[0])) == 0) made->setDebugName(own);
}

GraphWriter::JitValue GraphWriter::value_of(ValueId id) {
  const auto tensor = tensors_.find(id);
  return tensor == tensors_.end() ? values_.at(id) : attribute(tensor->second);
}

GraphWriter::JitValue GraphWriter::attribute(const std::vector<std::string>& path) {
  if (path.empty()) return self_;
  const auto known = attributes_.find(path);
  if (known != attributes_.end()) return known->second;
  JitValue holder = attribute({path.begin(), path.end() - 1});
  return attributes_[path] = graph_->insertGetAttr(holder, path.back());
}

GraphWriter::JitValue GraphWriter::list_of(const std::vector<JitValue>& items,
                                           const c10::TypePtr& type) {
  return graph_->insertNode(graph_->createList(type, items))->output();
}

GraphWriter::JitValue GraphWriter::filled(const ConvertedArgument& argument) {
  if (!argument.patch) return graph_->insertConstant(argument.constant);
  const Patch& patch = *argument.patch;
  std::vector<JitValue> items;
  for (size_t i = 0; i < patch.slots.size(); ++i) {
    if (patch.slots[i] >= 0) {
      items.push_back(value_of(patch.slots[i]));
    } else if (patch.kind == PatchKind::kIntList) {
      items.push_back(graph_->insertConstant(patch.numbers[i]));
    } else {
      items.push_back(graph_->insertConstant(c10::IValue()));
    }
  }
  switch (patch.kind) {
    case PatchKind::kValue:
      return items[0];
    case PatchKind::kNumberToTensor:
      return call("aten::scalar_tensor", items);
    case PatchKind::kTensorList:
      return list_of(items, c10::TensorType::get());
    case PatchKind::kOptionalTensorList:
      return list_of(items, c10::OptionalType::ofTensor());
    case PatchKind::kIntList:
      return list_of(items, c10::IntType::get());
  }
  MAAS_CHECK(false);
  return nullptr;
}

// An operand of arithmetic, or the tensor and dimension of a reading.
GraphWriter::JitValue GraphWriter::scalar(const Argument& argument) {
  if (const auto* ref = std::get_if<ValueRef>(&argument)) return value_of(ref->id);
  if (const auto* number = std::get_if<int64_t>(&argument)) return graph_->insertConstant(*number);
  if (const auto* real = std::get_if<double>(&argument)) return graph_->insertConstant(*real);
  if (const auto* flag = std::get_if<bool>(&argument)) return graph_->insertConstant(*flag);
  throw std::invalid_argument("an operand that is no number");
}

void GraphWriter::write_outputs() {
  std::vector<JitValue> results;
  for (const GraphOutput* output : program_.user_outputs()) {
    if (const auto* ref = std::get_if<ValueRef>(&output->value)) {
      results.push_back(value_of(ref->id));
    }
  }
  if (results.size() == 1) {
    graph_->registerOutput(results[0]);
  } else {
    graph_->registerOutput(graph_->insertNode(graph_->createTuple(results))->output());
  }
}

}  // namespace maas
