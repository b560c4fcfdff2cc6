#include "run/fold_batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

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

// What the layer gives may still be right where its scaled weights would be infinite or lose
// digits.
TEST(FoldBatchNorm, LeavesANormAloneThatIsNotOfNormalNumbers) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<std::pair<std::string, double>> odd = {
      {"bn.running_mean", infinity}, {"bn.running_mean", 1e30}, {"bn.running_var", std::nan("")},
      {"bn.running_var", 1e38},      {"bn.weight", 1e30},       {"bn.weight", 1e-30},
      {"bn.bias", -infinity},        {"fc.weight", 1e20},       {"fc.bias", infinity}};
  for (const auto& [name, value] : odd) {
    GraphBuilder g("net", 1);
    Program program = normed(g, g.linear("fc", g.input("x", {6}, at::kFloat), 4));
    auto& tensors = program.buffers.count(name) != 0 ? program.buffers : program.parameters;
    at::Tensor changed = tensors.at(name).clone();
    changed.select(0, 1).fill_(value);
    tensors.at(name) = changed;
    EXPECT_EQ(fold_batch_norm(program).nodes.size(), program.nodes.size()) << name << " " << value;
  }
}

TEST(FoldBatchNorm, FoldsAChannelThatIsScaledByNothing) {
  GraphBuilder g("net", 1);
  Program program = normed(g, g.linear("fc", g.input("x", {6}, at::kFloat), 4));
  at::Tensor gain = program.parameters.at("bn.weight").clone();
  gain.select(0, 2).zero_();
  program.parameters.at("bn.weight") = gain;
  EXPECT_TRUE(folds(program));
}

}  // namespace
}  // namespace maas
