// Runs a graph node by node, keeping every value: what a Plan does without its cleverness.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "call/call.h"
#include "program/program.h"

namespace maas {

// Inputs in the order of program.user_inputs(); returns the user outputs.
inline std::vector<at::Tensor> evaluate(const Program& program,
                                        const std::vector<at::Tensor>& inputs) {
  Slots slots(program.values.size());
  size_t next = 0;
  for (const GraphInput& input : program.inputs) {
    if (input.value == kNoValue) continue;
    slots[input.value] =
        input.kind == GraphInput::Kind::kUser ? inputs.at(next++) : program.tensor_of(input);
  }
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    Call(program, program.nodes[i], static_cast<int64_t>(i)).run(slots);
  }
  std::vector<at::Tensor> outputs;
  for (const GraphOutput* output : program.user_outputs()) {
    outputs.push_back(slots[std::get<ValueRef>(output->value).id].toTensor());
  }
  return outputs;
}

}  // namespace maas
