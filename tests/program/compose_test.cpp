#include "program/compose.h"

#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/builder.h"
#include "call/verify.h"
#include "support/evaluate_program.h"

namespace maas {
namespace {

Program layer(int64_t inputs, int64_t outputs, uint64_t seed) {
  GraphBuilder g("test", seed);
  const Handle x = g.input("x", {inputs}, at::kFloat);
  return g.finish({{"y", g.relu(g.linear("fc", x, outputs))}});
}

TEST(Compose, RunsTheSecondOnWhatTheFirstGives) {
  const Program first = layer(4, 6, 1), second = layer(6, 3, 2);
  const Program both = compose(first, second);
  EXPECT_NO_THROW(verify(both, "test"));
  const at::Tensor x = at::randn({5, 4});
  EXPECT_TRUE(evaluate(both, {x})[0].equal(evaluate(second, evaluate(first, {x}))[0]));
}

TEST(Compose, RenamesWhatBothHaveAndSharesTheTensors) {
  const Program first = layer(4, 6, 1), second = layer(6, 3, 2);
  const Program both = compose(first, second);
  EXPECT_TRUE(both.parameters.at("fc.weight").is_same(second.parameters.at("fc.weight")));
  EXPECT_TRUE(both.parameters.at("pre_fc.weight").is_same(first.parameters.at("fc.weight")));
  EXPECT_TRUE(compose(first, both).parameters.count("pre_pre_fc.weight") == 1);
}

TEST(Compose, CallsTheFirstsSymbolsAsTheSecondDoes) {
  Program first = layer(4, 6, 1);
  for (Value& value : first.values) {
    for (Dim& dim : value.shape) {
      if (dim.is_symbolic()) dim.expression = "s9";
    }
  }
  const Program both = compose(first, layer(6, 3, 2));
  EXPECT_NO_THROW(verify(both, "test"));
  EXPECT_EQ(to_text(both.value(both.user_inputs()[0]->value).shape), "[s0, 4]");
}

TEST(Compose, KeepsTheFirstsBuffers) {
  GraphBuilder g("test", 1);
  const Handle mean = g.buffer("mean", at::randn({4}));
  const Program first = g.finish({{"y", g.add(g.input("x", {4}, at::kFloat), mean)}});
  const Program both = compose(first, layer(4, 3, 2));
  EXPECT_EQ(both.buffers.count("mean"), 1U);
  const at::Tensor x = at::randn({5, 4});
  EXPECT_TRUE(evaluate(both, {x})[0].equal(evaluate(layer(4, 3, 2), evaluate(first, {x}))[0]));
}

TEST(Compose, RefusesAnotherDtypeOrRank) {
  GraphBuilder g("test", 1);
  const Program longs = g.finish({{"y", g.input("x", {4}, at::kLong)}});
  EXPECT_THROW(compose(longs, layer(4, 3, 2)), Error);
  GraphBuilder h("test", 1);
  const Program images = h.finish({{"y", h.input("x", {4, 4}, at::kFloat)}});
  EXPECT_THROW(compose(images, layer(4, 3, 2)), Error);
}

}  // namespace
}  // namespace maas
