// Convolutions that add into a tensor must be the last to read it
#pragma once

#include "program/program.h"

namespace maas {

// onednn::qconv2d_pointwise.binary writes over the tensor that it adds. Gives it a copy where that
// tensor is read later, is an input or output of the graph, may share memory with another value, or
// is not channels-last.
Program protect_sums(Program program);

}  // namespace maas
