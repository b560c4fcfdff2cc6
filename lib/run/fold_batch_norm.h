// A lowering pass; see lower.h.
#pragma once

#include "program/program.h"

namespace maas {

// Multiplies the scale of an inference batch norm into the convolution or linear layer before it,
// when nobody else reads the layer's result and all weights are float32. Weights are copied, never
// changed: "conv1.weight" becomes "conv1.folded_weight", and a bias "conv1.folded_bias".
Program fold_batch_norm(Program program);

}  // namespace maas
