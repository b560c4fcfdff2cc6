// Batch normalisation, a residual sum and the ReLU behind it in one go while training
#pragma once

#include "program/program.h"

namespace maas {

// A lowering pass for graphs with gradients written out: aten::native_batch_norm while it trains,
// a sum with a tensor of the same shape and aten::relu behind it, where nothing else reads what is
// between, become maas::norm_relu; the gradients of both maas::norm_relu_backward
// (run/lower/norm_operators.h). Other than float32 stays as it is.
Program fuse_norms(Program program);

}  // namespace maas
