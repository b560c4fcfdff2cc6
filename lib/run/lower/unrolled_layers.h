// Recurrent layers that an export wrote out step by step
#pragma once

#include "program/program.h"

namespace maas {

// Where each step t of a chain computes its state from the state before it by a linear with one
// float32 weight [G x width, width], and from the gates of the input at t, as an LSTM, a GRU or a
// plain tanh or ReLU layer does; and the chain goes over all t of those gates [steps, rows,
// G x width], up or down: one maas::recurrent gives all states. Readers of a step's state, and the
// cat or stack of them all, read that one's. The steps stay where something else reads in them;
// remove_dead_code() takes the others. After recompose(), which makes linears of products.
Program recompose_unrolled(Program program);

}  // namespace maas
