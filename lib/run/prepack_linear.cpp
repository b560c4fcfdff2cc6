#include "run/prepack_linear.h"

#include <ATen/core/grad_mode.h>

#include <map>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"

namespace maas {

Program prepack_linear(Program program) {
  const at::NoGradGuard no_gradients;
  const std::map<ValueId, at::Tensor> weights = tensors_by_value(program);
  std::map<ValueId, ValueId> turned;  // tied weights are turned once
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    const Node node = program.nodes[i];
    if (node.full_name() != "aten::linear") continue;
    const ValueId x = operand_of(node, "input"), bias = operand_of(node, "bias");
    const auto weight = weights.find(operand_of(node, "weight"));
    if (x == kNoValue || bias == kNoValue || weight == weights.end()) continue;
    if (program.value(x).shape.size() != 2 || weight->second.dim() != 2 ||
        program.value(x).dtype != weight->second.scalar_type()) {
      continue;
    }
    const auto known = turned.find(weight->first);
    const ValueId view =
        known != turned.end() ? known->second : add_weight(program, "turned", weight->second.t());
    turned[weight->first] = view;
    Node product = make_node(
        "aten::addmm", {{"self", ValueRef{bias}}, {"mat1", ValueRef{x}}, {"mat2", ValueRef{view}}});
    product.outputs = node.outputs;
    program.nodes[i] = std::move(product);
  }
  return program;
}

}  // namespace maas
