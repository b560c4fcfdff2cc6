#include "zoo/new_head.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <gmock/gmock.h>

#include <cmath>

#include "program/last_layer.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

using testing::HasSubstr;

WithNewHead four_classes(const Program& network, uint64_t seed = 7) {
  return with_new_head(network, classes(4), seed, "net.pt2");
}

TEST(NewHead, GivesAsManyOutputsAsTheTaskHas) {
  const Program network = build(resnet(20), images(3, 32, 1000));
  const WithNewHead made = four_classes(network);
  EXPECT_EQ(output_text(made.program), "logits: f32[s0, 4]");
  EXPECT_EQ(made.told, "fc.weight [1000, 64] -> [4, 64]");
  EXPECT_EQ(evaluate(made.program, {pixels(2, images(3, 32).input)}).at(0).sizes(),
            (at::IntArrayRef{2, 4}));
}

TEST(NewHead, LeavesAllButTheLastLayerAsItIs) {
  const Program network = build(resnet(20), images(3, 32, 1000));
  const Program made = four_classes(network).program;
  ASSERT_EQ(made.parameters.size(), network.parameters.size());
  for (const auto& [name, tensor] : network.parameters) {
    if (name.starts_with("fc.")) continue;
    EXPECT_TRUE(made.parameters.at(name).is_same(tensor)) << name;
  }
  EXPECT_EQ(network.parameters.at("fc.weight").size(0), 1000);
}

TEST(NewHead, IsDrawnAsALinearLayerAndBySeed) {
  const Program network = build(resnet(20), images(3, 32, 1000));
  const auto weight = [&](uint64_t seed) {
    return four_classes(network, seed).program.parameters.at("fc.weight");
  };
  EXPECT_TRUE(at::equal(weight(7), weight(7)));
  EXPECT_FALSE(at::equal(weight(7), weight(8)));
  const double bound = 1 / std::sqrt(64.0);
  EXPECT_LE(weight(7).abs().max().item<double>(), bound);
  EXPECT_NEAR(weight(7).std().item<double>(), bound / std::sqrt(3.0), 0.1 * bound);
}

TEST(NewHead, LeavesOutASoftmaxAndSaysSo) {
  GraphBuilder g("net", 1);
  const Handle logits = g.linear("fc", g.input("x", {6}, at::kFloat), 3);
  const Handle out =
      g.call("aten::softmax.int", {{"self", ValueRef{logits.id}}, {"dim", int64_t{-1}}});
  const WithNewHead made = four_classes(g.finish({{"probabilities", out}}));
  EXPECT_THAT(made.told, HasSubstr("is left out: softmax"));
  EXPECT_TRUE(nodes_of(made.program, "softmax").empty());
}

TEST(NewHead, GivesTheUnitsOfNewTargets) {
  DataSpec prices = table(5);
  prices.task = {.kind = TaskKind::kRegression, .labels = {"price"}, .scales = {{100, 10}}};
  const Program priced = build(network("mlp"), prices);
  TaskSpec two{.kind = TaskKind::kRegression, .labels = {"a", "b"}, .scales = {{5, 1}, {-3, 2}}};
  const Program made = with_new_head(priced, two, 7, "net.pt2").program;
  const at::Tensor y = evaluate(made, {numbers(400, 5)}).at(0);
  EXPECT_EQ(y.sizes(), (at::IntArrayRef{400, 2}));
  EXPECT_NEAR(y.select(1, 0).mean().item<double>(), 5, 1);
  EXPECT_NEAR(y.select(1, 1).mean().item<double>(), -3, 2);
  EXPECT_EQ(made.buffers.at("targets.mean").numel(), 2);
}

TEST(NewHead, GoesThroughAViewThatSpellsTheOutputs) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle h = g.global_avg_pool(g.conv2d("fc", x, 1000, 1, {}));
  const Handle out =
      g.call("aten::view", {{"self", ValueRef{h.id}}, {"size", IntList{{{-1}, {1000}}}}});
  const Program made = four_classes(g.finish({{"out", out}})).program;
  EXPECT_EQ(evaluate(made, {at::rand({2, 3, 8, 8})}).at(0).sizes(), (at::IntArrayRef{2, 4}));
}

}  // namespace
}  // namespace maas
