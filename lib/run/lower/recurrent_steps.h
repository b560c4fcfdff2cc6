// The loops of recurrent layers, over spans of memory
#pragma once

#include <cstdint>

namespace maas {

enum class RecurrentCell { kLstm, kGru, kTanh, kRelu };

// Gates of a cell: blocks of a row of `gates`, each as wide as the state, in libtorch's order
// (LSTM: input, forget, cell, output; GRU: reset, update, new).
int64_t gate_count(RecurrentCell cell);

// A sequence for some rows. Spans are float32; a row's numbers lie side by side.
struct RecurrentSteps {
  RecurrentCell cell = RecurrentCell::kLstm;
  int64_t steps = 0, rows = 0, width = 0;  // width of the state
  bool reverse = false;                    // from the last step to the first
  // What the input gives: input x weight_ih + bias_ih, [steps, rows, gates x width]
  const float* gates = nullptr;
  int64_t gates_step = 0, gates_row = 0;  // strides
  // pack_columns(weight_hh) (packed_product.h): [blocks, width, kWeightBlock]
  const float* weight = nullptr;
  const float* bias = nullptr;  // bias_hh [gates x width]; nullptr = 0
  float* out = nullptr;         // the state after each step, [steps, rows, width]
  int64_t out_step = 0, out_row = 0;
  float* hidden = nullptr;  // [rows, width]: the first state, and at the end the last
  float* carry = nullptr;   // the same of an LSTM's cell
};

// As aten::lstm, gru, rnn_tanh and rnn_relu compute one layer in one direction (the equations are
// in the documentation of torch.nn.LSTM, GRU and RNN). Sigmoid and tanh are right to 3e-7 of their
// value; NaN stays NaN. On the calling thread; different rows may be done by several at once.
void run_recurrent_steps(const RecurrentSteps& work);

}  // namespace maas
