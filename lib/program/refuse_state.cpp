#include "program/refuse_state.h"

#include <fmt/format.h>

#include "base/throw_error.h"
#include "program/rewrite.h"

namespace maas {
namespace {

bool is_batch_norm(const Node& node) { return node.op.find("batch_norm") != std::string::npos; }

// What depends on `source`, in the order of the nodes. A batch norm's result does not depend on the
// statistics that it keeps: in evaluation they are weights like any other.
std::vector<bool> dependents(const Program& program, ValueId source) {
  std::vector<bool> depends(program.values.size(), false);
  depends[source] = true;
  for (const Node& node : program.nodes) {
    bool reads = false;
    for (const NamedArgument& argument : node.arguments) {
      if (is_batch_norm(node) && argument.name.rfind("running_", 0) == 0) continue;
      for_each_use(argument.value, [&](ValueId id) { reads = reads || depends[id]; });
    }
    if (!reads) continue;
    for (const Node::Output& output : node.outputs) {
      for (const ValueId id : output.ids) {
        if (id != kNoValue) depends[id] = true;
      }
    }
  }
  return depends;
}

}  // namespace

void refuse_state(const Program& program, const std::string& where) {
  for (const GraphOutput& mutation : program.outputs) {
    if (mutation.kind != GraphOutput::Kind::kBufferMutation) continue;
    for (const GraphInput& input : program.inputs) {
      if (input.kind != GraphInput::Kind::kBuffer || input.target != mutation.target) continue;
      const std::vector<bool> depends = dependents(program, input.value);
      for (const GraphOutput* output : program.user_outputs()) {
        for_each_use(output->value, [&](ValueId id) {
          if (!depends[id]) return;
          throw_input(where,
                      fmt::format("output '{}' depends on the buffer '{}', which the "
                                  "network changes as it runs",
                                  program.value(id).name, mutation.target),
                      "outputs that depend on the inputs alone",
                      "export it in evaluation mode (net.eval()); what must stay from run "
                      "to run, take as an input and return as an output");
        });
      }
    }
  }
}

}  // namespace maas
