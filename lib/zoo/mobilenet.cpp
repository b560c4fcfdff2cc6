// MobileNetV2 (Sandler et al. 2018) and MobileNetV3 (Howard et al. 2019), at width 1, with the
// layers that torchvision has. Weights as PyTorch's layers draw them; dropout before the last layer
// as the config says (0.2 in the papers).
#include <fmt/format.h>

#include "zoo/build_model.h"
#include "zoo/image_blocks.h"

namespace maas {
namespace {

// An inverted residual: wide inside, narrow outside.
struct Bottleneck {
  int64_t kernel = 3;
  int64_t wide = 0, channels = 0;
  bool squeezes = false;
  std::string activation;
  int64_t stride = 1;
};

Handle bottleneck(GraphBuilder& g, const std::string& name, Handle x, const Bottleneck& block,
                  const BatchNormOptions& norm) {
  const Handle input = x;
  const int64_t before = g.shape(x)[1].size;
  if (block.wide != before) {
    x = conv_block(g, name + ".expand", x,
                   {.channels = block.wide, .activation = block.activation, .norm = norm});
  }
  x = conv_block(g, name + ".depthwise", x,
                 {.channels = block.wide,
                  .kernel = block.kernel,
                  .stride = block.stride,
                  .groups = block.wide,
                  .activation = block.activation,
                  .norm = norm});
  if (block.squeezes) {
    x = squeeze_excite(
        g, name + ".squeeze", x,
        {.channels = rounded_channels(static_cast<double>(block.wide) / 4), .gate = "hardsigmoid"});
  }
  x = conv_block(g, name + ".project", x, {.channels = block.channels, .norm = norm});
  const bool same = block.stride == 1 && before == block.channels;
  return same ? g.add(input, x) : x;
}

const std::vector<Bottleneck>& small_form() {
  static const std::vector<Bottleneck> blocks = {
      {3, 16, 16, true, "relu", 2},       {3, 72, 24, false, "relu", 2},
      {3, 88, 24, false, "relu", 1},      {5, 96, 40, true, "hardswish", 2},
      {5, 240, 40, true, "hardswish", 1}, {5, 240, 40, true, "hardswish", 1},
      {5, 120, 48, true, "hardswish", 1}, {5, 144, 48, true, "hardswish", 1},
      {5, 288, 96, true, "hardswish", 2}, {5, 576, 96, true, "hardswish", 1},
      {5, 576, 96, true, "hardswish", 1}};
  return blocks;
}

const std::vector<Bottleneck>& large_form() {
  static const std::vector<Bottleneck> blocks = {
      {3, 16, 16, false, "relu", 1},       {3, 64, 24, false, "relu", 2},
      {3, 72, 24, false, "relu", 1},       {5, 72, 40, true, "relu", 2},
      {5, 120, 40, true, "relu", 1},       {5, 120, 40, true, "relu", 1},
      {3, 240, 80, false, "hardswish", 2}, {3, 200, 80, false, "hardswish", 1},
      {3, 184, 80, false, "hardswish", 1}, {3, 184, 80, false, "hardswish", 1},
      {3, 480, 112, true, "hardswish", 1}, {3, 672, 112, true, "hardswish", 1},
      {5, 672, 160, true, "hardswish", 2}, {5, 960, 160, true, "hardswish", 1},
      {5, 960, 160, true, "hardswish", 1}};
  return blocks;
}

}  // namespace

Handle build_mobilenet_v2(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  struct Stage {
    int64_t widening, channels, blocks, stride;
  };
  static const std::vector<Stage> stages = {{1, 16, 1, 1}, {6, 24, 2, 2}, {6, 32, 3, 2},
                                            {6, 64, 4, 2}, {6, 96, 3, 1}, {6, 160, 3, 2},
                                            {6, 320, 1, 1}};
  x = conv_block(g, "stem", x, {.channels = 32, .kernel = 3, .stride = 2, .activation = "relu6"});
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    const Stage& form = stages[stage];
    for (int64_t block = 0; block < form.blocks; ++block) {
      x = bottleneck(g, fmt::format("stage{}.{}", stage + 1, block), x,
                     {.wide = form.widening * g.shape(x)[1].size,
                      .channels = form.channels,
                      .activation = "relu6",
                      .stride = block == 0 ? form.stride : 1},
                     {});
    }
  }
  x = conv_block(g, "last", x, {.channels = 1280, .activation = "relu6"});
  x = g.dropout(g.flatten(g.global_avg_pool(x)), config.dropout);
  return g.linear("fc", x, outputs);
}

Handle build_mobilenet_v3(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  const bool small = config.type == "mobilenet_v3_small";
  const BatchNormOptions norm{.momentum = 0.01, .epsilon = 1e-3};
  x = conv_block(
      g, "stem", x,
      {.channels = 16, .kernel = 3, .stride = 2, .activation = "hardswish", .norm = norm});
  int64_t number = 1;
  for (const Bottleneck& block : small ? small_form() : large_form()) {
    x = bottleneck(g, fmt::format("block{}", number++), x, block, norm);
  }
  x = conv_block(g, "last", x,
                 {.channels = 6 * g.shape(x)[1].size, .activation = "hardswish", .norm = norm});
  x = g.linear("hidden", g.flatten(g.global_avg_pool(x)), small ? 1024 : 1280);
  x = g.dropout(g.activation("hardswish", x), config.dropout);
  return g.linear("fc", x, outputs);
}

}  // namespace maas
