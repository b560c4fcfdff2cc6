#include "run/lower/layout_free.h"

#include <algorithm>
#include <utility>

#include "program/arguments.h"
#include "program/emit.h"

namespace maas {

Node without_view(Node node) {
  const bool is_view = node.op == "aten::view" || node.op == "aten::_unsafe_view";
  if (!is_view || node.overload == "dtype") return node;
  node.op = "aten::reshape";
  for (NamedArgument& argument : node.arguments) {
    if (argument.name == "size") argument.name = "shape";
  }
  return node;
}

Program layout_free(Program program) {
  std::vector<Node> before = std::move(program.nodes), nodes;
  for (Node& node : before) {
    if (node.op == "aten::view_as_complex") {  // pairs side by side
      Node whole = make_node("aten::contiguous", {{"self", argument_of(node, "self", None{})}});
      const ValueId made = add_result(program, whole, "whole", operand_of(node, "self"));
      node.set("self", ValueRef{made});
      nodes.push_back(std::move(whole));
    }
    nodes.push_back(without_view(std::move(node)));
  }
  program.nodes = std::move(nodes);
  return program;
}

bool looks_at_strides(const Program& program) {
  return std::any_of(program.nodes.begin(), program.nodes.end(),
                     [](const Node& node) { return node.op == "aten::as_strided"; });
}

}  // namespace maas
