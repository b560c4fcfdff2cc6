// Products of matrices that training makes, through the library that is quicker.
#pragma once

#include "program/program.h"
#include "run/target.h"

namespace maas {

// A lowering pass for graphs with gradients written out: float32 `aten::addmm`, `aten::mm`,
// `aten::matmul` by a matrix and `aten::linear` become mkldnn::_linear_pointwise where
// target.kernels finds oneDNN quicker than MKL at the sizes that the graph has as hints. Nothing is
// packed, so that weights may change in place; the new operator has no derivative under autograd.
Program quick_products(Program program, const Target& target);

}  // namespace maas
