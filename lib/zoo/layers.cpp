// A network spelt out in the config, layer by layer; the last layer is a linear one to the outputs,
// added here.
#include <fmt/format.h>

#include <map>

#include "zoo/build_model.h"

namespace maas {

Handle build_layers(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  int64_t number = 1;
  for (const LayerConfig& layer : config.layers) {
    const std::string name = fmt::format("{}{}", layer.type, number++);
    const int64_t pool_stride = layer.stride > 0 ? layer.stride : layer.kernel;
    if (layer.type == "linear") {
      if (g.shape(x).size() > 2) x = g.flatten(x);
      x = g.linear(name, x, layer.size);
    } else if (layer.type == "conv") {
      x = g.conv2d(name, x, layer.size, layer.kernel,
                   {.stride = std::max<int64_t>(layer.stride, 1), .padding = layer.padding});
    } else if (layer.type == "batch_norm") {
      x = g.batch_norm(name, x);
    } else if (layer.type == "max_pool") {
      x = g.max_pool2d(x, layer.kernel, pool_stride, layer.padding);
    } else if (layer.type == "avg_pool") {
      x = g.avg_pool2d(x, layer.kernel, pool_stride);
    } else if (layer.type == "global_avg_pool") {
      x = g.flatten(g.global_avg_pool(x));
    } else if (layer.type == "flatten") {
      x = g.flatten(x);
    } else if (layer.type == "dropout") {
      x = g.dropout(x, layer.probability);
    } else {
      x = g.activation(layer.type, x);
    }
  }
  if (g.shape(x).size() > 2) x = g.flatten(x);
  return g.linear("output", x, outputs);
}

}  // namespace maas
