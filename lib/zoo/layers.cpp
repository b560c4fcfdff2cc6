// A network spelt out in the config, layer by layer; the last layer is a linear one to the outputs,
// added here.
#include <fmt/format.h>

#include "base/error.h"
#include "zoo/build_model.h"

namespace maas {
namespace {

// Pooling over the last two dimensions takes [B, F], too, and would mix the samples of a batch.
void check_image(const GraphBuilder& g, Handle x, const std::string& layer) {
  if (g.shape(x).size() == 4) return;
  throw Error(
      ErrorKind::kUsage,
      {.where = g.where(),
       .what = fmt::format("'{}' takes no input of shape {}", layer, to_text(g.shape(x))),
       .expected = "images [B, C, H, W]",
       .fix = "use image data, or pool before the linear, flatten and global_avg_pool layers"});
}

Handle add_window(GraphBuilder& g, const std::string& name, Handle x, const LayerConfig& layer) {
  if (layer.type == "conv") {
    const int64_t stride = std::max<int64_t>(layer.stride, 1);
    return g.conv2d(name, x, layer.size, layer.kernel,
                    {.stride = stride, .padding = layer.padding});
  }
  check_image(g, x, name);
  const int64_t stride = layer.stride > 0 ? layer.stride : layer.kernel;
  if (layer.type == "max_pool") return g.max_pool2d(x, layer.kernel, stride, layer.padding);
  if (layer.type == "avg_pool") return g.avg_pool2d(x, layer.kernel, stride);
  return g.flatten(g.global_avg_pool(x));
}

Handle add_layer(GraphBuilder& g, const std::string& name, Handle x, const LayerConfig& layer) {
  if (layer.type == "linear") {
    return g.linear(name, g.shape(x).size() > 2 ? g.flatten(x) : x, layer.size);
  }
  if (layer.type == "batch_norm") return g.batch_norm(name, x);
  if (layer.type == "flatten") return g.flatten(x);
  if (layer.type == "dropout") return g.dropout(x, layer.probability);
  const bool window = layer.type == "conv" || layer.type.ends_with("_pool");
  return window ? add_window(g, name, x, layer) : g.activation(layer.type, x);
}

}  // namespace

Handle build_layers(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  int64_t number = 1;
  for (const LayerConfig& layer : config.layers) {
    const std::string name = fmt::format("{}{}", layer.type, number++);
    const std::string input = to_text(g.shape(x));
    try {
      x = add_layer(g, name, x, layer);
    } catch (const Error& error) {
      Problem problem = error.first();
      if (problem.what.find('\'' + name + '\'') == std::string::npos) {
        problem.what = fmt::format("'{}' on {}: {}", name, input, problem.what);
      }
      throw Error(error.kind(), problem);
    }
  }
  if (g.shape(x).size() > 2) x = g.flatten(x);
  return g.linear("output", x, outputs);
}

}  // namespace maas
