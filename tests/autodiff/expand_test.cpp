// Each operator that stands for several gives the same numbers when it is written out.
#include "autodiff/expand.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "program/arguments.h"
#include "program/mode.h"
#include "support/evaluate_program.h"
#include "tensor/random.h"

namespace maas {
namespace {

using testing::ElementsAre;

std::vector<std::string> operators_of(const Program& program) {
  std::vector<std::string> names;
  for (const Node& node : program.nodes) names.push_back(node.full_name());
  return names;
}

// The operators that it becomes; the outputs are compared on the way.
std::vector<std::string> expanded(const Program& program, const std::vector<at::Tensor>& inputs) {
  const Program parts = expand_composites(program);
  seed_default_generator(3);
  const auto before = evaluate(program, inputs);
  seed_default_generator(3);
  const auto after = evaluate(parts, inputs);
  EXPECT_EQ(before.size(), after.size());
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_TRUE(at::allclose(before[i], after[i], 1e-6, 1e-6));
  }
  return operators_of(parts);
}

struct Net {
  GraphBuilder g{"net", 1};
  Handle x = g.input("x", {6}, at::kFloat);
  std::vector<at::Tensor> inputs = {at::randn({4, 6})};
};

TEST(Expand, TurnsALinearOnAMatrixIntoAProduct) {
  Net n;
  const Program program = n.g.finish({{"y", n.g.linear("fc", n.x, 3)}});
  EXPECT_THAT(expanded(program, n.inputs), ElementsAre("aten::t", "aten::addmm"));
}

TEST(Expand, LeavesALinearOnMoreDimensionsAlone) {
  GraphBuilder g("net", 1);
  const Program program = g.finish({{"y", g.linear("fc", g.input("x", {5, 6}, at::kFloat), 3)}});
  EXPECT_THAT(expanded(program, {at::randn({2, 5, 6})}), ElementsAre("aten::linear"));
}

TEST(Expand, TakesADropoutThatDropsNothingOut) {
  Net n;
  const Program program = n.g.finish({{"y", n.g.relu(n.g.dropout(n.x, 0.5))}});
  EXPECT_THAT(expanded(with_mode(program, Mode::kEval), n.inputs), ElementsAre("aten::relu"));
  EXPECT_THAT(operators_of(expand_composites(with_mode(program, Mode::kTrain))),
              ElementsAre("aten::native_dropout", "aten::relu"));
}

TEST(Expand, KeepsWhatTheBackwardOfANormNeeds) {
  Net n;
  const Handle y = n.g.layer_norm("ln", n.g.batch_norm("bn", n.x));
  const Program program = with_mode(n.g.finish({{"y", y}}), Mode::kEval);
  EXPECT_THAT(expanded(program, n.inputs),
              ElementsAre("aten::native_batch_norm", "aten::native_layer_norm"));
}

TEST(Expand, KeepsTheIndicesOfAPooling) {
  GraphBuilder g("net", 1);
  const Handle y = g.max_pool2d(g.input("x", {3, 6, 6}, at::kFloat), 2, 2, 0);
  EXPECT_THAT(expanded(g.finish({{"y", y}}), {at::randn({2, 3, 6, 6})}),
              ElementsAre("aten::max_pool2d_with_indices"));
}

TEST(Expand, WritesCrossEntropyOutWithWeightsAndSmoothing) {
  for (const double smoothing : {0.0, 0.1}) {
    for (const bool weighted : {false, true}) {
      Net n;
      const Handle target = n.g.input("target", {}, at::kLong);
      const Handle weight = n.g.buffer("weight", at::rand({6}).add(0.5));
      const Handle loss = n.g.call("aten::cross_entropy_loss",
                                   {{"self", ValueRef{n.x.id}},
                                    {"target", ValueRef{target.id}},
                                    {"weight", weighted ? Argument(ValueRef{weight.id}) : None{}},
                                    {"label_smoothing", smoothing}});
      n.inputs.push_back(at::randint(6, {4}, at::kLong));
      const auto names = expanded(n.g.finish({{"loss", loss}}), n.inputs);
      EXPECT_THAT(names, testing::Not(testing::Contains("aten::cross_entropy_loss")));
      EXPECT_THAT(names, testing::Contains("aten::nll_loss_forward"));
    }
  }
}

TEST(Expand, WritesTheMeanAbsoluteErrorOutAndNoOtherReduction) {
  for (const int64_t reduction : {1, 2}) {
    Net n;
    const Handle target = n.g.input("target", {6}, at::kFloat);
    const Handle loss = n.g.call(
        "aten::l1_loss",
        {{"self", ValueRef{n.x.id}}, {"target", ValueRef{target.id}}, {"reduction", reduction}});
    const auto names =
        expanded(n.g.finish({{"loss", loss}}), {at::randn({4, 6}), at::randn({4, 6})});
    if (reduction == 1) {
      EXPECT_THAT(names, ElementsAre("aten::sub.Tensor", "aten::abs", "aten::mean"));
    } else {
      EXPECT_THAT(names, ElementsAre("aten::l1_loss"));
    }
  }
}

TEST(Expand, TakesTheFlashKernelForAttentionWithoutAMask) {
  GraphBuilder g("net", 1);
  std::vector<Operand> operands;
  std::vector<at::Tensor> inputs;
  for (const char* name : {"query", "key", "value"}) {
    operands.push_back({name, ValueRef{g.input(name, {2, 5, 8}, at::kFloat).id}});
    inputs.push_back(at::randn({3, 2, 5, 8}));
  }
  const Handle y = g.call("aten::scaled_dot_product_attention", operands);
  EXPECT_THAT(expanded(g.finish({{"y", y}}), inputs),
              ElementsAre("aten::_scaled_dot_product_flash_attention_for_cpu"));
}

TEST(Expand, HasItsOperatorsInAListForReaders) {
  EXPECT_THAT(expanded_operators(), testing::Contains("aten::cross_entropy_loss"));
}

}  // namespace
}  // namespace maas
