// Linear layers through the library that is quicker, with weights made ready once.
#pragma once

#include "program/program.h"
#include "run/target.h"

namespace maas {

// Every float32 `aten::linear` whose weight is known, through the kernel that target.kernels finds
// the quickest for the target's rows: MKL's, on a matrix as addmm with a turned view of the weight;
// oneDNN's, as mkldnn::_linear_pointwise with a packed copy; or our own (lower/packed_linear.h).
// Weights that are not finite stay with MKL.
Program prepack_linear(Program program, const Target& target);

}  // namespace maas
