// ConvNeXt-T (Liu et al. 2022), with the layers that torchvision has but for its stochastic depth.
#include <ATen/ops/full.h>
#include <fmt/format.h>

#include "call/convolutions.h"
#include "call/norms.h"
#include "zoo/build_model.h"

namespace maas {
namespace {

constexpr double kEpsilon = 1e-6;     // of the norms
constexpr double kFirstScale = 1e-6;  // a block begins as almost nothing beside its input

Handle block_of(GraphBuilder& g, const std::string& name, Handle x) {
  const int64_t channels = g.known_dim(x, 1, "'" + name + "'");
  Handle y = convolve(g, name + ".depthwise", x, channels,
                      {.kernel = 7, .padding = 3, .groups = channels});
  y = g.layer_norm(name + ".norm", g.permute(y, {0, 2, 3, 1}), kEpsilon);
  y = g.activation("gelu", g.linear(name + ".up", y, 4 * channels));
  y = g.permute(g.linear(name + ".down", y, channels), {0, 3, 1, 2});
  const Handle scale =
      g.parameter(name + ".scale", at::full({channels, 1, 1}, kFirstScale, at::kFloat));
  y = g.call("aten::mul.Tensor", {{"self", ValueRef{scale.id}}, {"other", ValueRef{y.id}}});
  return g.add(y, x);
}

}  // namespace

Handle build_convnext_t(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  struct Stage {
    int64_t channels, blocks;
  };
  static const std::vector<Stage> stages = {{96, 3}, {192, 3}, {384, 9}, {768, 3}};
  x = convolve(g, "stem.conv", x, stages[0].channels, {.kernel = 4, .stride = 4});
  x = channel_norm(g, "stem.norm", x, kEpsilon);
  for (size_t stage = 0; stage < stages.size(); ++stage) {
    const std::string name = fmt::format("stage{}", stage + 1);
    if (stage > 0) {
      x = channel_norm(g, name + ".norm", x, kEpsilon);
      x = convolve(g, name + ".conv", x, stages[stage].channels, {.kernel = 2, .stride = 2});
    }
    for (int64_t block = 0; block < stages[stage].blocks; ++block) {
      x = block_of(g, fmt::format("{}.{}", name, block), x);
    }
  }
  x = g.layer_norm("norm", g.flatten(g.global_avg_pool(x)), kEpsilon);
  return g.linear("fc", g.dropout(x, config.dropout), outputs);
}

}  // namespace maas
