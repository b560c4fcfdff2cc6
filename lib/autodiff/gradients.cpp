#include "autodiff/gradients.h"

#include <algorithm>

#include "autodiff/expand.h"
#include "autodiff/gradient_rule.h"
#include "program/arguments.h"
#include "program/operator_facts.h"
#include "program/rewrite.h"

namespace maas {
namespace {

const GradientRules& rules() {
  static const GradientRules table = [] {
    GradientRules made;
    add_layer_rules(made);
    add_elementwise_rules(made);
    add_shape_rules(made);
    add_loss_rules(made);
    return made;
  }();
  return table;
}

// Sizes, indices and answers of comparisons do not.
bool takes_gradient(const Value& value) {
  return value.kind == ValueKind::kTensor &&
         (at::isFloatingType(value.dtype) || at::isComplexType(value.dtype));
}

// Values through which a gradient flows to one of the parameters.
std::vector<bool> values_on_the_way(const Program& program, const std::vector<std::string>& names) {
  std::vector<bool> needed(program.values.size(), false);
  for (const GraphInput& input : program.inputs) {
    if (input.kind != GraphInput::Kind::kParameter) continue;
    if (std::find(names.begin(), names.end(), input.target) == names.end()) continue;
    needed[input.value] = true;
  }
  for (const Node& node : program.nodes) {
    bool depends = false;
    for_each_use(node, [&](ValueId id) { depends = depends || needed[id]; });
    if (!depends || is_constant(node.op)) continue;
    for_each_result(node, [&](ValueId id) { needed[id] = takes_gradient(program.value(id)); });
  }
  return needed;
}

bool has_gradient(const Node& node, const std::vector<ValueId>& gradients) {
  for (const Node::Output& output : node.outputs) {
    for (const ValueId id : output.ids) {
      if (id != kNoValue && gradients[id] != kNoValue) return true;
    }
  }
  return false;
}

// Rules compute in one floating-point type; only a conversion joins two.
bool mixes_types(const Program& program, const Node& node, const std::vector<bool>& needed) {
  if (node.op == "aten::to" || node.op == "aten::_to_copy") return false;
  const ValueId first = node.outputs.at(0).ids.at(0);
  if (first == kNoValue) return true;
  const at::ScalarType made = program.value(first).dtype;
  bool mixes = false;
  for_each_use(
      node, [&](ValueId id) { mixes = mixes || (needed[id] && program.value(id).dtype != made); });
  return mixes;
}

bool depends_on_parameters(const Node& node, const std::vector<bool>& needed) {
  bool depends = false;
  for_each_use(node, [&](ValueId id) { depends = depends || needed[id]; });
  return depends;
}

void add_outputs(Program& program, const std::vector<std::string>& names, Backward& backward,
                 const std::vector<ValueId>& gradients) {
  for (const std::string& name : names) {
    ValueId parameter = kNoValue;
    for (const GraphInput& input : program.inputs) {
      if (input.kind == GraphInput::Kind::kParameter && input.target == name)
        parameter = input.value;
    }
    if (parameter == kNoValue) continue;
    ValueId gradient = gradients[parameter];
    if (gradient == kNoValue) {
      gradient = backward.emit("aten::zeros_like", {{"self", ValueRef{parameter}}}, parameter);
    }
    program.outputs.push_back({GraphOutput::Kind::kUser, ValueRef{gradient}, ""});
    program.user_output_names.push_back("gradient of " + name);
  }
}

std::string gradient_mark(const std::string& op) {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for (const auto& [name, rule] : rules()) all.push_back(name);
    return all;
  }();
  if (is_constant(op)) return "none flows";
  const std::string words = overloads_of(op, names);
  return words.empty() && !overloads_of(op, expanded_operators()).empty() ? "expanded" : words;
}

}  // namespace

void Backward::give(ValueId operand, ValueId gradient) {
  if (!wants(operand) || gradient == kNoValue) return;
  ValueId& total = gradients_[operand];
  total = total == kNoValue
              ? gradient
              : emit("aten::add.Tensor", {{"self", ValueRef{total}}, {"other", ValueRef{gradient}}},
                     operand);
}

ValueId Backward::emit(const std::string& op, const std::vector<Operand>& operands, ValueId like) {
  const ValueId result = emit_many(op, operands, 1)[0];
  if (like != kNoValue) {
    program_.value(result).dtype = program_.value(like).dtype;
    program_.value(result).shape = program_.value(like).shape;
  }
  return result;
}

std::vector<ValueId> Backward::emit_many(const std::string& op,
                                         const std::vector<Operand>& operands, size_t count) {
  Node node = make_node(op, operands);
  std::vector<ValueId> results;
  for (size_t i = 0; i < count; ++i) {
    results.push_back(add_result(program_, node, "d_" + node.op.substr(6)));
    gradients_.push_back(kNoValue);
  }
  remember_transpose(node);
  program_.nodes.push_back(std::move(node));
  return results;
}

void Backward::remember_transpose(const Node& node) {
  if (node.op == "aten::t") transposed_[node.outputs.at(0).ids.at(0)] = operand_of(node, "self");
}

ValueId Backward::transposed(ValueId matrix) {
  const auto before = transposed_.find(matrix);
  return before != transposed_.end() ? before->second
                                     : emit("aten::t", {{"self", ValueRef{matrix}}});
}

ValueId Backward::number(const std::string& op, const std::vector<Operand>& operands) {
  const ValueId result = emit(op, operands);
  program_.value(result).kind = ValueKind::kSymInt;
  return result;
}

IntList Backward::sizes(ValueId of) {
  IntList list;
  const std::vector<Dim> shape = value(of).shape;  // emitting moves the values
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!shape[i].is_symbolic()) {
      list.items.push_back({shape[i].size, kNoValue});
    } else {
      list.items.push_back({0, number("aten::sym_size.int",
                                      {{"self", ValueRef{of}}, {"dim", static_cast<int64_t>(i)}})});
    }
  }
  return list;
}

ValueId Backward::count(ValueId of) { return number("aten::sym_numel", {{"self", ValueRef{of}}}); }

ValueId Backward::reduced(ValueId gradient, ValueId operand) {
  const std::vector<Dim> made = value(result()).shape;  // copies: emitting moves the values
  const std::vector<Dim> wanted = value(operand).shape;
  if (made == wanted) return gradient;
  const size_t lead = made.size() - std::min(made.size(), wanted.size());
  std::vector<int64_t> dims;
  for (size_t i = 0; i < made.size(); ++i) {
    const bool broadcast = i < lead || (wanted[i - lead] == Dim(1) && !(made[i] == Dim(1)));
    if (broadcast) dims.push_back(static_cast<int64_t>(i));
  }
  if (dims.empty()) return gradient;
  const ValueId sum =
      emit("aten::sum.dim_IntList",
           {{"self", ValueRef{gradient}}, {"dim", int_list(dims)}, {"keepdim", lead == 0}});
  return lead == 0 ? sum : reshaped(sum, operand);
}

ValueId Backward::reshaped(ValueId gradient, ValueId operand) {
  return emit("aten::reshape_as", {{"self", ValueRef{gradient}}, {"other", ValueRef{operand}}},
              operand);
}

std::optional<Program> with_gradients(Program program, const std::vector<std::string>& parameters,
                                      std::string* missing) {
  const std::vector<bool> needed = values_on_the_way(program, parameters);
  const ValueId loss = std::get<ValueRef>(program.user_outputs().at(0)->value).id;
  std::vector<ValueId> gradients(program.values.size(), kNoValue);
  Backward backward(program, gradients, needed);
  const size_t forward_nodes = program.nodes.size();
  const ValueId one = backward.emit("aten::ones_like", {{"self", ValueRef{loss}}}, loss);
  gradients[loss] = one;
  for (size_t i = forward_nodes; i-- > 0;) {
    const Node& node = program.nodes[i];
    if (!has_gradient(node, gradients) || !depends_on_parameters(node, needed)) continue;
    const std::string name = node.full_name();
    const auto rule = rules().find(name);
    backward.look_at(node);
    const bool known = rule != rules().end() && !mixes_types(program, node, needed);
    if (known && rule->second(backward)) continue;
    if (missing != nullptr) *missing = name;
    return std::nullopt;
  }
  add_outputs(program, parameters, backward, gradients);
  return program;
}

OperatorConcern gradient_concern() {
  return {"gradient", "overloads that a one-graph step differentiates; without one, autograd does",
          gradient_mark};
}

}  // namespace maas
