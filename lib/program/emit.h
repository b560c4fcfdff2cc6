// Adding to a Program: nodes, their results, weights.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// An argument of a node by its name in the operator's schema.
struct Operand {
  std::string name;
  Argument value;
};

// "aten::relu" or "aten::add.Tensor" with arguments; no results yet.
Node make_node(const std::string& op, const std::vector<Operand>& operands);

// A new value named after `stem` that `node` makes as its next result. The dtype and shape are
// those of `like`; with kNoValue they stay undeclared, which a Plan does not mind but verify()
// does.
ValueId add_result(Program& program, Node& node, const std::string& stem, ValueId like = kNoValue);

// A new parameter that holds `tensor`; `name` gets a number behind it when it is taken.
ValueId add_weight(Program& program, const std::string& name, const at::Tensor& tensor);

// The same as a constant that no training changes.
ValueId add_constant(Program& program, const std::string& name, const at::Tensor& tensor);

// The same as a buffer, which is saved with the program.
ValueId add_buffer(Program& program, const std::string& name, const at::Tensor& tensor);

// A new user input, last in order; names its value after `name`.
ValueId add_user_input(Program& program, const std::string& name, at::ScalarType dtype,
                       std::vector<Dim> shape);

}  // namespace maas
