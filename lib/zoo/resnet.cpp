// Residual networks, He et al. 2015: the ImageNet forms 18, 34 (basic blocks) and 50 (bottlenecks,
// with the stride in the 3x3 convolution as torchvision has it), and the CIFAR forms of section 4.2
// (6n + 2 layers; 1x1 projections where the shape changes).
#include <fmt/format.h>

#include "base/throw_error.h"
#include "zoo/build_model.h"

namespace maas {
namespace {

Handle conv_bn(GraphBuilder& g, const std::string& name, Handle x, int64_t channels, int64_t kernel,
               int64_t stride) {
  const WindowOptions window{.stride = stride, .padding = kernel / 2, .bias = false};
  return g.batch_norm(name + ".bn", g.conv2d(name + ".conv", x, channels, kernel, window));
}

Handle residual_block(GraphBuilder& g, const std::string& name, Handle x, int64_t channels,
                      int64_t stride, bool bottleneck) {
  const int64_t widened = bottleneck ? 4 * channels : channels;
  const bool same = stride == 1 && g.shape(x)[1].size == widened;
  const Handle shortcut = same ? x : conv_bn(g, name + ".shortcut", x, widened, 1, stride);
  if (bottleneck) {
    x = g.relu(conv_bn(g, name + ".1", x, channels, 1, 1));
    x = g.relu(conv_bn(g, name + ".2", x, channels, 3, stride));
    x = conv_bn(g, name + ".3", x, widened, 1, 1);
  } else {
    x = g.relu(conv_bn(g, name + ".1", x, channels, 3, stride));
    x = conv_bn(g, name + ".2", x, channels, 3, 1);
  }
  return g.relu(g.add(x, shortcut));
}

struct Form {
  std::vector<int64_t> blocks;
  int64_t first_channels = 64;
  bool bottleneck = false, small_images = false;
};

Form form_of(int64_t depth) {
  switch (depth) {
    case 18:
      return {{2, 2, 2, 2}};
    case 34:
      return {{3, 4, 6, 3}};
    case 50:
      return {{3, 4, 6, 3}, 64, true};
    case 20:
      return {{3, 3, 3}, 16, false, true};
    case 32:
      return {{5, 5, 5}, 16, false, true};
    case 56:
      return {{9, 9, 9}, 16, false, true};
    default:
      break;
  }
  throw_usage("model.depth", fmt::format("no ResNet of {} layers", depth),
              "18, 34 or 50, or 20, 32 or 56 for small images", "choose one of these");
}

}  // namespace

Handle build_resnet(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  const Form form = form_of(config.depth);
  int64_t channels = form.first_channels;
  if (form.small_images) {
    x = g.relu(conv_bn(g, "stem", x, channels, 3, 1));
  } else {
    x = g.max_pool2d(g.relu(conv_bn(g, "stem", x, channels, 7, 2)), 3, 2, 1);
  }
  for (size_t stage = 0; stage < form.blocks.size(); ++stage) {
    for (int64_t block = 0; block < form.blocks[stage]; ++block) {
      const int64_t stride = stage > 0 && block == 0 ? 2 : 1;
      const std::string name = fmt::format("stage{}.{}", stage + 1, block);
      x = residual_block(g, name, x, channels, stride, form.bottleneck);
    }
    channels *= 2;
  }
  return g.linear("fc", g.flatten(g.global_avg_pool(x)), outputs);
}

}  // namespace maas
