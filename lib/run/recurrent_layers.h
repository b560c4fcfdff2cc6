// Recurrent layers through loops of our own
#pragma once

#include "program/program.h"

namespace maas {

// Float32 `aten::lstm.input`, `gru.input`, `rnn_tanh.input` and `rnn_relu.input` with known weights
// become, for each layer and direction, a linear for all steps of the input and a maas::recurrent
// (run/lower/recurrent_operator.h) for the state; so do those that a decomposed export unrolled
// (run/lower/unrolled_layers.h). Projections (proj_size) and dropout in training stay with
// libtorch.
Program recurrent_layers(Program program);

}  // namespace maas
