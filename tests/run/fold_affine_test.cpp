#include "run/fold_affine.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "run/lower_case.h"

namespace maas {
namespace {

Handle floats_of(GraphBuilder& g, Handle bytes) {
  return g.call("aten::to.dtype", {{"self", ValueRef{bytes.id}}, {"dtype", at::kFloat}});
}

Handle step(GraphBuilder& g, const std::string& op, Handle x, double number) {
  return g.call(op, {{"self", ValueRef{x.id}}, {"other", number}});
}

using Steps = std::vector<std::pair<std::string, double>>;

Program chain(at::ScalarType type, const Steps& steps) {
  GraphBuilder g("net", 3);
  Handle y = g.input("x", {9}, type);
  if (type != at::kFloat) y = floats_of(g, y);
  for (const auto& [op, number] : steps) y = step(g, "aten::" + op + ".Scalar", y, number);
  return g.finish({{"y", y}});
}

TEST(FoldAffine, PassesOverAListOfWhichAResultIsUnread) {
  Program program = chain(at::kFloat, {{"mul", 2}});
  Node split = make_node("aten::split.Tensor", {{"self", ValueRef{program.inputs[0].value}},
                                                {"split_size", int64_t{3}},
                                                {"dim", int64_t{1}}});
  split.outputs.push_back({{kNoValue, kNoValue, kNoValue}, true});
  program.nodes.push_back(split);
  EXPECT_EQ(fold_affine(program).nodes.size(), 2U);
}

// Inputs on which a sum of x * a and b is not what a difference times a is.
TEST(FoldAffine, LosesNoDigitOfNumbersOfWhichNothingIsKnown) {
  const float inf = INFINITY;
  const at::Tensor x =
      at::tensor({16000001.0F, 16000000.0F, 0.0F, 1e-42F, -1e-30F, 3e38F, -3e38F, inf, -inf})
          .view({1, 9});
  for (const Steps& steps :
       {Steps{{"sub", 16000009}, {"div", 0.3}}, Steps{{"mul", 1e30}, {"mul", 1e30}},
        Steps{{"mul", 1e-30}, {"mul", 1e-30}}, Steps{{"mul", 1e30}, {"div", 1e30}},
        Steps{{"add", 3e38}, {"sub", 3e38}}, Steps{{"div", 255}, {"sub", 0.5}}}) {
    const Program before = chain(at::kFloat, steps);
    const auto found = Plan::compile(before)->run({x})[0];
    const auto folded = Plan::compile(fold_affine(before))->run({x})[0];
    EXPECT_TRUE(at::allclose(found, folded, 0, 0, /*equal_nan=*/true)) << to_text(before);
  }
  const Program standardized = chain(at::kFloat, {{"sub", 16000009}, {"div", 0.3}});
  EXPECT_FLOAT_EQ(Plan::compile(fold_affine(standardized))->run({x})[0][0][0].item<float>(),
                  -8 / 0.3F);
}

TEST(FoldAffine, KeepsAByteApartFromTheNext) {
  const at::Tensor x = at::tensor({0, 1, 2, 126, 127, 128, 129, 254, 255}, at::kByte).view({1, 9});
  for (const Steps& steps :
       {Steps{{"sub", 127.5}, {"div", 127.5}}, Steps{{"div", 255}, {"sub", 0.5}},
        Steps{{"sub", 2000}, {"mul", 1e-20}}}) {
    const Program before = chain(at::kByte, steps);
    const Program after = fold_affine(before);
    EXPECT_EQ(count(after, "aten::addcmul"), 1);
    const at::Tensor a = Plan::compile(before)->run({x})[0], b = Plan::compile(after)->run({x})[0];
    const double apart = (a[0][2] - a[0][1]).abs().item<double>();
    EXPECT_LT((a - b).abs().max().item<double>(), apart / 2000);
  }
  for (const Steps& steps :
       {Steps{{"sub", 16000000}, {"div", 0.3}}, Steps{{"mul", 1e30}, {"mul", 1e30}},
        Steps{{"mul", 1e-30}, {"mul", 1e-10}}, Steps{{"mul", 0}, {"mul", 1e30}}}) {
    EXPECT_EQ(count(fold_affine(chain(at::kByte, steps)), "aten::addcmul"), 0);
  }
}

TEST(FoldAffine, ScalesAndShiftsTheInputInOneGo) {
  GraphBuilder g("net", 3);
  const Handle x = floats_of(g, g.input("x", {3, 4, 4}, at::kByte));
  const Handle mean = g.buffer("mean", at::rand({3, 1, 1}));
  const Handle std_dev = g.buffer("std", at::rand({3, 1, 1}) + 0.5);
  Handle y = g.call("aten::div.Scalar", {{"self", ValueRef{x.id}}, {"other", 255.0}});
  y = g.call("aten::sub.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{mean.id}}});
  y = g.call("aten::div.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{std_dev.id}}});
  const Program before = g.finish({{"y", y}});
  const Program after = fold_affine(before);
  EXPECT_EQ(after.nodes.size(), 2U);
  EXPECT_EQ(count(after, "aten::addcmul"), 1);
  EXPECT_LT(difference(before, after, 2), 1e-6);
}

TEST(FoldAffine, KeepsAStepOfAScalingThatSomethingElseReads) {
  GraphBuilder g("net", 3);
  const Handle x = floats_of(g, g.input("x", {4}, at::kByte));
  const Handle half = g.call("aten::mul.Scalar", {{"self", ValueRef{x.id}}, {"other", 0.5}});
  const Handle more = g.call("aten::add.Scalar", {{"self", ValueRef{half.id}}, {"other", 2.0}});
  const Program before = g.finish({{"half", half}, {"more", more}});
  EXPECT_EQ(count(fold_affine(before), "aten::addcmul"), 0);
}

TEST(FoldAffine, LeavesAChainWithAParameterAlone) {
  GraphBuilder g("net", 3);
  const Handle x = floats_of(g, g.input("x", {4}, at::kByte));
  const Handle gain = g.parameter("gain", at::rand({4}));
  const Handle half = g.call("aten::mul.Scalar", {{"self", ValueRef{x.id}}, {"other", 0.5}});
  const Handle y =
      g.call("aten::mul.Tensor", {{"self", ValueRef{half.id}}, {"other", ValueRef{gain.id}}});
  EXPECT_EQ(count(fold_affine(g.finish({{"y", y}})), "aten::addcmul"), 0);
}

TEST(FoldAffine, LeavesAConstantThatBroadcastsTheInputAlone) {
  GraphBuilder g("net", 3);
  const Handle x = floats_of(g, g.input("x", {1, 4}, at::kByte));
  const Handle wide = g.buffer("wide", at::rand({3, 1}));
  const Handle half = g.call("aten::mul.Scalar", {{"self", ValueRef{x.id}}, {"other", 0.5}});
  const Handle y = g.add(half, wide);
  EXPECT_EQ(count(fold_affine(g.finish({{"y", y}})), "aten::addcmul"), 0);
}

}  // namespace
}  // namespace maas
