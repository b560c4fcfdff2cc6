#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/fold_batch_norm.h"
#include "run/recompose.h"
#include "transform/quantize/quantizable.h"

namespace maas {
namespace {

// Products with a weight [K, O] (as in GPT-2's Conv1D): linears with the weight transposed.
Program products_as_linears(Program program) {
  const at::NoGradGuard no_gradients;
  const std::map<ValueId, at::Tensor> weights = tensors_by_value(program);
  std::map<ValueId, std::string> targets;
  for (const GraphInput& input : program.inputs) {
    if (input.value != kNoValue) targets[input.value] = input.target;
  }
  std::map<ValueId, ValueId> transposed;
  for (Node& node : program.nodes) {
    const bool has_bias = node.full_name() == "aten::addmm";
    const bool plain = node.full_name() == "aten::mm" || node.full_name() == "aten::matmul";
    if (!has_bias && !plain) continue;
    if (number_of(node, "beta", 1) != 1 || number_of(node, "alpha", 1) != 1) continue;
    const ValueId x = operand_of(node, has_bias ? "mat1" : "self");
    const ValueId weight = operand_of(node, has_bias                         ? "mat2"
                                            : plain && node.op == "aten::mm" ? "mat2"
                                                                             : "other");
    const ValueId bias = has_bias ? operand_of(node, "self") : kNoValue;
    const auto known = weights.find(weight);
    if (known == weights.end() || known->second.dim() != 2 || x == kNoValue) continue;
    if (known->second.scalar_type() != at::kFloat || weights.count(x) != 0) continue;
    if (has_bias && (bias == kNoValue || program.value(bias).shape.size() != 1)) continue;
    if (transposed.count(weight) == 0) {
      transposed[weight] = add_weight(program, targets[weight], known->second.t().contiguous());
    }
    Node layer = make_node("aten::linear",
                           {{"input", ValueRef{x}}, {"weight", ValueRef{transposed[weight]}}});
    if (has_bias) layer.set("bias", ValueRef{bias});
    layer.outputs = std::move(node.outputs);
    node = std::move(layer);
  }
  return program;
}

// Folding leaves weights under names of its own: "conv1.folded_weight" is "conv1.weight" again.
Program with_layer_names(Program program) {
  const std::string mark = ".folded_";
  for (GraphInput& input : program.inputs) {
    if (input.kind != GraphInput::Kind::kParameter) continue;
    const size_t at = input.target.rfind(mark);
    if (at == std::string::npos) continue;
    const std::string name =
        fmt::format("{}.{}", input.target.substr(0, at), input.target.substr(at + mark.size()));
    if (program.parameters.count(name) != 0) continue;
    program.parameters[name] = program.parameters.at(input.target);
    program.parameters.erase(input.target);
    input.target = name;
  }
  return program;
}

}  // namespace

Program prepared_for_quantization(Program program) {
  program = products_as_linears(recompose(std::move(program)));
  remove_dead_code(program);
  return with_layer_names(fold_batch_norm(std::move(program)));
}

}  // namespace maas
