// Linear layers through the library that is quicker, with weights made ready once.
#pragma once

#include "program/program.h"
#include "run/target.h"

namespace maas {

// Every float32 `aten::linear` whose weight is known: through MKL, on a matrix as addmm with a
// turned view of the weight; or through oneDNN as mkldnn::_linear_pointwise with a packed copy,
// where target.kernels finds that quicker for the target's rows. Weights that are not finite stay
// with MKL.
Program prepack_linear(Program program, const Target& target);

}  // namespace maas
