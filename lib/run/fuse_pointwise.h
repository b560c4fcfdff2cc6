// Pointwise operators as part of the product or convolution in front of them.
#pragma once

#include "program/program.h"

namespace maas {

// After the prepacking passes: a packed convolution takes in the residual sum and the ReLU behind
// it, an addmm the ReLU, where nothing else reads what is between.
Program fuse_pointwise(Program program);

}  // namespace maas
