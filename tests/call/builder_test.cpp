#include "call/builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/verify.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::string message_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(GraphBuilder, GivesEveryValueAShapeWithTheSymbolicBatch) {
  GraphBuilder g("test", 1);
  Handle x = g.input("image", {1, 28, 28}, at::kByte);
  x = g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kFloat}});
  x = g.relu(g.conv2d("conv", x, 4, 3, {.padding = 1}));
  EXPECT_EQ(to_text(g.shape(x)), "[s0, 4, 28, 28]");
  x = g.flatten(g.max_pool2d(x, 2, 2, 0));
  EXPECT_EQ(to_text(g.shape(x)), "[s0, 784]");
  const Program program = g.finish({{"logits", g.linear("fc", x, 10)}});
  EXPECT_NO_THROW(verify(program, "test"));
  EXPECT_EQ(program.parameters.at("fc.weight").sizes(), (std::vector<int64_t>{10, 784}));
}

TEST(GraphBuilder, FollowsABatchThatIsFoldedIntoAnotherDimension) {
  GraphBuilder g("test", 1);
  Handle x = g.input("x", {6, 4}, at::kFloat);
  x = g.call("aten::reshape", {{"self", ValueRef{x.id}}, {"shape", IntList{{{-1}, {4}}}}});
  EXPECT_EQ(to_text(g.shape(x)), "[6*s0, 4]");
}

TEST(GraphBuilder, NamesTheLayerAndTheShapeThatDoNotFit) {
  GraphBuilder g("model (lenet5)", 1);
  const Handle x = g.input("numeric", {13}, at::kFloat);
  const std::string text = message_of([&] { g.conv2d("conv1", x, 32, 5, {}); });
  EXPECT_THAT(text, HasSubstr("model (lenet5)"));
  EXPECT_THAT(text, HasSubstr("convolution 'conv1' takes no input of shape [s0, 13]"));
  EXPECT_THAT(text, HasSubstr("images [B, C, H, W]"));
}

TEST(GraphBuilder, RefusesAWindowLargerThanTheImage) {
  GraphBuilder g("model", 1);
  const Handle x = g.input("image", {1, 4, 4}, at::kFloat);
  const std::string text = message_of([&] { g.conv2d("conv1", x, 8, 7, {}); });
  EXPECT_THAT(text, HasSubstr("conv2d"));
}

TEST(GraphBuilder, DrawsTheSameWeightsFromTheSameSeed) {
  const auto weights = [](uint64_t seed) {
    GraphBuilder g("test", seed);
    const Handle x = g.input("x", {5}, at::kFloat);
    return g.finish({{"y", g.linear("fc", x, 3)}}).parameters.at("fc.weight");
  };
  EXPECT_TRUE(weights(7).equal(weights(7)));
  EXPECT_FALSE(weights(7).equal(weights(8)));
  EXPECT_LE(weights(7).abs().max().item<float>(), 1.0F / std::sqrt(5.0F));
}

}  // namespace
}  // namespace maas
