#include "pt2/made_values.h"

#include "program/rewrite.h"

namespace maas {

std::vector<const Value*> made_values(const Program& program, ValueKind kind) {
  std::vector<const Value*> values;
  const auto add = [&](ValueId id) {
    if (id != kNoValue && program.value(id).kind == kind) values.push_back(&program.value(id));
  };
  for (const GraphInput& input : program.inputs) add(input.value);
  for (const Node& node : program.nodes) for_each_result(node, add);
  return values;
}

}  // namespace maas
