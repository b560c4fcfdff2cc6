#include "zoo/image_blocks.h"

#include <algorithm>

#include "call/convolutions.h"

namespace maas {

Handle conv_block(GraphBuilder& g, const std::string& name, Handle x, const ConvBlock& block) {
  x = convolve(g, name + ".conv", x, block.channels,
               {.kernel = block.kernel,
                .stride = block.stride,
                .padding = block.kernel / 2,
                .groups = block.groups,
                .bias = false});
  x = g.batch_norm(name + ".bn", x, block.norm);
  return block.activation.empty() ? x : g.activation(block.activation, x);
}

Handle squeeze_excite(GraphBuilder& g, const std::string& name, Handle x,
                      const SqueezeOptions& options) {
  const int64_t channels = g.known_dim(x, 1, "'" + name + "'");
  Handle weight = g.global_avg_pool(x);
  weight = convolve(g, name + ".reduce", weight, options.channels, {.kernel = 1});
  weight = g.activation(options.activation, weight);
  weight = convolve(g, name + ".expand", weight, channels, {.kernel = 1});
  weight = g.activation(options.gate, weight);
  return g.call("aten::mul.Tensor", {{"self", ValueRef{weight.id}}, {"other", ValueRef{x.id}}});
}

int64_t rounded_channels(double channels) {
  const auto rounded = std::max<int64_t>(8, static_cast<int64_t>(channels + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * channels ? rounded + 8 : rounded;
}

}  // namespace maas
