// Pointwise operators as part of the product or convolution in front of them.
#pragma once

#include "program/program.h"

namespace maas {

// After the prepacking passes: a packed convolution takes in the residual sum and the ReLU behind
// it, an addmm the ReLU, where nothing else reads what is between. Inside a convolution ReLU makes
// 0 of NaN (oneDNN's does); Plan::compile() keeps inputs that are not finite away from it.
Program fuse_pointwise(Program program);

// Whether the node is a convolution with such a ReLU.
bool has_fused_relu(const Node& node);

}  // namespace maas
