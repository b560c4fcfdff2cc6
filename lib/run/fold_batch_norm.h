// A lowering pass; see lower.h.
#pragma once

#include "program/program.h"

namespace maas {

// Multiplies the scale of an inference batch norm into the convolution before it, when nobody else
// reads the convolution's result and all weights are float32. Weights are copied, never changed.
Program fold_batch_norm(Program program);

}  // namespace maas
