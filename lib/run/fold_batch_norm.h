// A lowering pass; see lower.h.
#pragma once

#include "program/program.h"

namespace maas {

// Multiplies the scale of an inference batch norm into the convolution or linear layer before it,
// when nobody else reads the layer's result, all weights are float32, and what comes of them are
// numbers from 1e-18 to 1e18 or 0: others would overflow or lose digits on the way. Weights are
// copied, never changed: "conv1.weight" becomes "conv1.folded_weight", and a bias
// "conv1.folded_bias".
Program fold_batch_norm(Program program);

}  // namespace maas
