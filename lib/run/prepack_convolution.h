// A lowering pass; see lower.h.
#pragma once

#include "program/program.h"

namespace maas {

// True when this libtorch has the oneDNN operators that the pass uses.
bool can_prepack_convolution();

// Calls oneDNN's convolution with weights laid out for this processor once, activations with
// channels last, and the ReLU or sum (residual) that follows as part of it. float32 convolutions
// with constant weights only; the result of a fused convolution has no other reader. Programs that
// look at strides are left alone.
Program prepack_convolution(Program program);

}  // namespace maas
