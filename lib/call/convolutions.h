// Convolutions and pools over one or two dimensions, added to a graph under construction
#pragma once

#include <string>

#include "call/builder.h"

namespace maas {

struct ConvolutionOptions {
  int64_t kernel = 3, stride = 1, padding = 0, dilation = 1, groups = 1;
  bool bias = true;
};

// Of [B, C, L] or [B, C, H, W], by the rank of x; the same numbers count for height and width.
// Weights as torch.nn.Conv1d, Conv2d draw them. Throws Error{kUsage} naming the layer where
// channels and outputs are no multiple of the groups.
Handle convolve(GraphBuilder& g, const std::string& name, Handle x, int64_t outputs,
                const ConvolutionOptions& options);

// torch.nn.ConvTranspose1d, ConvTranspose2d: the size becomes (size - 1) * stride - 2 * padding +
// dilation * (kernel - 1) + 1.
Handle convolve_transposed(GraphBuilder& g, const std::string& name, Handle x, int64_t outputs,
                           const ConvolutionOptions& options);

struct PoolOptions {
  int64_t kernel = 2, stride = 2, padding = 0;
};
Handle max_pool(GraphBuilder& g, Handle x, const PoolOptions& options);
Handle avg_pool(GraphBuilder& g, Handle x, const PoolOptions& options);
Handle pool_all(GraphBuilder& g, Handle x);  // the mean over all places: [B, C]

}  // namespace maas
