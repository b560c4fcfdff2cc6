// Blocks of two 3x3 convolutions with batch norm, then 2x2 max-pooling, as in Simonyan and
// Zisserman 2014 (VGG) with Ioffe and Szegedy's batch norm; global average pooling as in Lin et al.
// 2013.
#include <fmt/format.h>

#include "zoo/build_model.h"

namespace maas {

Handle build_convnet(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  const WindowOptions window{.padding = 1, .bias = false};
  int64_t block = 1;
  for (const int64_t channels : config.channels) {
    for (int64_t i = 1; i <= 2; ++i) {
      const std::string name = fmt::format("block{}.", block) + "{}" + std::to_string(i);
      x = g.conv2d(fmt::format(fmt::runtime(name), "conv"), x, channels, 3, window);
      x = g.activation(config.activation, g.batch_norm(fmt::format(fmt::runtime(name), "bn"), x));
    }
    const bool last = block == static_cast<int64_t>(config.channels.size());
    x = last ? g.global_avg_pool(x) : g.max_pool2d(x, 2, 2, 0);
    ++block;
  }
  x = g.dropout(g.flatten(x), config.dropout);
  return g.linear("fc", x, outputs);
}

}  // namespace maas
