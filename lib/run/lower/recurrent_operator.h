// The operator of lowered graphs that runs a recurrent layer over a sequence
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "program/program.h"

namespace maas {

// Registers with libtorch's dispatcher, once a process; thread-safe. Not on the allow-list: a file
// that names it is refused.
//
//   maas::recurrent(Tensor gates, Tensor weight, Tensor? bias, Tensor? hidden, Tensor? carry,
//                   str cell, bool reverse) -> (Tensor, Tensor, Tensor)
//     One layer in one direction; cell is lstm, gru, tanh or relu. All float32: gates
//     [steps, rows, G x width], what the input gives (G: recurrent_steps.h), in any layout; weight
//     pack_columns(weight_hh) (packed_product.h); bias [G x width]; hidden and carry [rows, width],
//     None = zeros. Gives the states of all steps [steps, rows, width], laid out as the gates are;
//     the last state and the last carry [rows, width]; the carry is empty for all but lstm. Rows
//     are shared among threads. c10::Error for sizes that do not fit.
void register_recurrent_operator();

// A call of the operator on values of a Program.
struct RecurrentCall {
  std::string cell;
  ValueId gates = kNoValue;
  at::Tensor weight_hh;
  ValueId bias = kNoValue, hidden = kNoValue, carry = kNoValue;  // kNoValue = None
  bool reverse = false;
};

// Its node and results, of shapes [steps, rows, width] and twice [rows, width] after those that the
// gates declare; adds the packed weight. The node is not in program.nodes yet.
struct RecurrentNode {
  Node node;
  ValueId states = kNoValue, hidden = kNoValue, carry = kNoValue;
};
RecurrentNode recurrent_node(Program& program, const RecurrentCall& call);

}  // namespace maas
