// Pointwise operators as part of the product or convolution in front of them.
#pragma once

#include "program/program.h"

namespace maas {

// After the prepacking passes: oneDNN's convolutions and products take in the residual sum and the
// activation behind them (fused_activation()), so does our own product, an addmm the ReLU, where
// nothing else reads what is between. Inside oneDNN, activations may make a number of NaN (ReLU
// does); Plan::compile() keeps inputs that are not finite away from them.
Program fuse_pointwise(Program program);

// Whether the node is one of oneDNN's with an activation inside.
bool has_fused_activation(const Node& node);

}  // namespace maas
