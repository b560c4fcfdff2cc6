// EfficientNet-B0 (Tan and Le 2019), with the layers that torchvision has but for its stochastic
// depth; dropout before the last layer as the config says (0.2 in the paper).
#include <fmt/format.h>

#include <algorithm>

#include "zoo/build_model.h"
#include "zoo/image_blocks.h"

namespace maas {
namespace {

struct Stage {
  int64_t widening, kernel, stride, channels, blocks;
};

// The squeeze is a quarter of the channels that come in, before they are widened.
Handle block_of(GraphBuilder& g, const std::string& name, Handle x, const Stage& form,
                int64_t stride) {
  const Handle input = x;
  const int64_t before = g.shape(x)[1].size, wide = form.widening * before;
  if (wide != before) {
    x = conv_block(g, name + ".expand", x, {.channels = wide, .activation = "silu"});
  }
  x = conv_block(g, name + ".depthwise", x,
                 {.channels = wide,
                  .kernel = form.kernel,
                  .stride = stride,
                  .groups = wide,
                  .activation = "silu"});
  x = squeeze_excite(g, name + ".squeeze", x,
                     {.channels = std::max<int64_t>(1, before / 4), .activation = "silu"});
  x = conv_block(g, name + ".project", x, {.channels = form.channels});
  return stride == 1 && before == form.channels ? g.add(input, x) : x;
}

}  // namespace

Handle build_efficientnet_b0(GraphBuilder& g, Handle x, const ModelConfig& config,
                             int64_t outputs) {
  static const std::vector<Stage> stages = {{1, 3, 1, 16, 1}, {6, 3, 2, 24, 2},  {6, 5, 2, 40, 2},
                                            {6, 3, 2, 80, 3}, {6, 5, 1, 112, 3}, {6, 5, 2, 192, 4},
                                            {6, 3, 1, 320, 1}};
  x = conv_block(g, "stem", x, {.channels = 32, .kernel = 3, .stride = 2, .activation = "silu"});
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    for (int64_t block = 0; block < stages[stage].blocks; ++block) {
      x = block_of(g, fmt::format("stage{}.{}", stage + 1, block), x, stages[stage],
                   block == 0 ? stages[stage].stride : 1);
    }
  }
  x = conv_block(g, "last", x, {.channels = 1280, .activation = "silu"});
  x = g.dropout(g.flatten(g.global_avg_pool(x)), config.dropout);
  return g.linear("fc", x, outputs);
}

}  // namespace maas
