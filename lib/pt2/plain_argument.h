// Arguments of exported nodes that hold no graph values, and the spelling of operators.
#pragma once

#include <string>
#include <vector>

#include "program/program.h"
#include "tensor/json_view.h"

namespace maas {

// The argument {kind: value}; `place` names the node. Throws Error{kInput} for kinds that maas does
// not have. Devices become the CPU: weights live there, wherever the model was exported.
Argument read_plain_argument(std::string_view kind, const JsonView& value,
                             const std::string& place);

// "torch.ops.aten.add.Tensor" -> node.op "aten::add", node.overload "Tensor".
void split_target(const std::string& target, Node& node);

// For each argument of the node, whether Python gives it by name: those that the operator takes by
// name alone, those after one that is left out, and those that say so themselves.
std::vector<bool> given_by_name(const Node& node);

}  // namespace maas
