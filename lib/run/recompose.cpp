#include "run/recompose.h"

#include "program/arguments.h"
#include "program/emit.h"

namespace maas {

Program recompose(Program program) {
  for (Node& node : program.nodes) {
    if (node.full_name() != "aten::convolution" || flag_of(node, "transposed", true)) continue;
    const ValueId input = operand_of(node, "input");
    if (input == kNoValue || program.value(input).shape.size() != 4) continue;
    std::vector<Operand> operands;
    for (const char* name :
         {"input", "weight", "bias", "stride", "padding", "dilation", "groups"}) {
      operands.push_back({name, argument_of(node, name, None{})});
    }
    Node layer = make_node("aten::conv2d", operands);
    layer.outputs = std::move(node.outputs);
    node = std::move(layer);
  }
  return program;
}

}  // namespace maas
