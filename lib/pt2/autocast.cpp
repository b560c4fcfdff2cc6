#include "pt2/autocast.h"

#include <fmt/format.h>

#include <optional>

#include "program/rewrite.h"

namespace maas {
namespace {

bool is_floating_tensor(const Value& value) {
  return value.kind == ValueKind::kTensor && at::isFloatingType(value.dtype);
}

std::optional<at::ScalarType> type_of_result(const Program& program, const Node& node) {
  for (const Node::Output& output : node.outputs) {
    for (const ValueId id : output.ids) {
      if (id != kNoValue && is_floating_tensor(program.value(id))) return program.value(id).dtype;
    }
  }
  return std::nullopt;
}

Node conversion(Program& program, ValueId from, at::ScalarType dtype) {
  Value value = program.value(from);
  value.name += fmt::format("_cast_{}", program.values.size());
  value.dtype = dtype;
  program.values.push_back(std::move(value));
  Node node;
  node.op = "aten::to";
  node.overload = "dtype";
  node.arguments = {{"self", ValueRef{from}, false}, {"dtype", dtype, false}};
  node.outputs = {{{static_cast<ValueId>(program.values.size() - 1)}, false}};
  return node;
}

}  // namespace

void spell_out_autocast(Program& program) {
  std::vector<Node> nodes;
  for (Node& node : program.nodes) {
    if (node.metadata.erase(kAutocastMark) > 0) {
      if (const auto dtype = type_of_result(program, node)) {
        rename_uses(node, [&](ValueId id) {
          const Value& value = program.value(id);
          if (!is_floating_tensor(value) || value.shape.empty() || value.dtype == *dtype) return id;
          nodes.push_back(conversion(program, id, *dtype));
          return nodes.back().outputs[0].ids[0];
        });
      }
    }
    nodes.push_back(std::move(node));
  }
  program.nodes = std::move(nodes);
}

}  // namespace maas
