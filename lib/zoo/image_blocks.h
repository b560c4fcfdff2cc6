// What networks for small machines have in common: a convolution with its batch norm and
// activation, and channels weighed by what is in them
#pragma once

#include <string>

#include "call/builder.h"

namespace maas {

struct ConvBlock {
  int64_t channels = 0, kernel = 1, stride = 1, groups = 1;
  std::string activation = {};  // "" = none
  BatchNormOptions norm = {};
};

// Convolution without bias, padded by half the kernel, batch norm, activation: "<name>.conv",
// "<name>.bn".
Handle conv_block(GraphBuilder& g, const std::string& name, Handle x, const ConvBlock& block);

// x times a weight for each channel, from the mean over all places through two layers (Hu et al.
// 2018): "<name>.reduce", "<name>.expand".
struct SqueezeOptions {
  int64_t channels = 8;             // between the two
  std::string activation = "relu";  // behind the first
  std::string gate = "sigmoid";     // behind the second
};
Handle squeeze_excite(GraphBuilder& g, const std::string& name, Handle x,
                      const SqueezeOptions& options);

// The multiple of 8 nearest to `channels`, at least 8 and at least 0.9 of it (Howard et al. 2017).
int64_t rounded_channels(double channels);

}  // namespace maas
