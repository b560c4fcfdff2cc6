#include "run/fold_batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "program/mode.h"
#include "run/measure_plan.h"
#include "run/plan.h"

namespace maas {
namespace {

Program normed(GraphBuilder& g, Handle layer) {
  Program program = g.finish({{"y", g.relu(g.batch_norm("bn", layer))}});
  for (auto& [name, tensor] : program.buffers) {
    if (tensor.is_floating_point()) tensor = at::rand(tensor.sizes()) + 0.5;
  }
  return with_mode(program, Mode::kEval);
}

bool folds(const Program& before) {
  const Program after = fold_batch_norm(before);
  const auto inputs = example_inputs(before, 5);
  const at::Tensor a = Plan::compile(before)->run(inputs)[0];
  const at::Tensor b = Plan::compile(after)->run(inputs)[0];
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-5);
  return after.nodes.size() + 1 == before.nodes.size();
}

TEST(FoldBatchNorm, ScalesLinearLayers) {
  GraphBuilder g("net", 1);
  EXPECT_TRUE(folds(normed(g, g.linear("fc", g.input("x", {6}, at::kFloat), 4))));
}

TEST(FoldBatchNorm, KeepsTheNameOfTheLayer) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {3, 6, 6}, at::kFloat);
  const Program after = fold_batch_norm(normed(g, g.conv2d("stem.conv", x, 4, 3, {})));
  EXPECT_EQ(after.parameters.count("stem.conv.folded_weight"), 1);
  EXPECT_EQ(after.parameters.count("stem.conv.folded_bias"), 1);
}

// [B, L, O]: the norm counts its channels in dimension 1, the layer its outputs in the last.
TEST(FoldBatchNorm, LeavesALinearLayerOverSequencesAlone) {
  GraphBuilder g("net", 1);
  EXPECT_FALSE(folds(normed(g, g.linear("fc", g.input("x", {4, 6}, at::kFloat), 4))));
}

}  // namespace
}  // namespace maas
