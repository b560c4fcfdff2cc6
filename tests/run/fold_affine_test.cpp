#include "run/fold_affine.h"

#include <gtest/gtest.h>

#include "run/lower_case.h"

namespace maas {
namespace {

TEST(FoldAffine, ScalesAndShiftsTheInputInOneGo) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {3, 4, 4}, at::kFloat);
  const Handle mean = g.buffer("mean", at::rand({3, 1, 1}));
  const Handle std_dev = g.buffer("std", at::rand({3, 1, 1}) + 0.5);
  Handle y = g.call("aten::div.Scalar", {{"self", ValueRef{x.id}}, {"other", 255.0}});
  y = g.call("aten::sub.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{mean.id}}});
  y = g.call("aten::div.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{std_dev.id}}});
  const Program before = g.finish({{"y", y}});
  const Program after = fold_affine(before);
  EXPECT_EQ(after.nodes.size(), 1U);
  EXPECT_EQ(count(after, "aten::addcmul"), 1);
  EXPECT_LT(difference(before, after, 2), 1e-6);
}

TEST(FoldAffine, KeepsAStepOfAScalingThatSomethingElseReads) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle half = g.call("aten::mul.Scalar", {{"self", ValueRef{x.id}}, {"other", 0.5}});
  const Handle more = g.call("aten::add.Scalar", {{"self", ValueRef{half.id}}, {"other", 2.0}});
  const Program before = g.finish({{"half", half}, {"more", more}});
  EXPECT_EQ(count(fold_affine(before), "aten::addcmul"), 0);
}

TEST(FoldAffine, LeavesAChainWithAParameterAlone) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle gain = g.parameter("gain", at::rand({4}));
  const Handle half = g.call("aten::mul.Scalar", {{"self", ValueRef{x.id}}, {"other", 0.5}});
  const Handle y =
      g.call("aten::mul.Tensor", {{"self", ValueRef{half.id}}, {"other", ValueRef{gain.id}}});
  EXPECT_EQ(count(fold_affine(g.finish({{"y", y}})), "aten::addcmul"), 0);
}

TEST(FoldAffine, LeavesAConstantThatBroadcastsTheInputAlone) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {1, 4}, at::kFloat);
  const Handle wide = g.buffer("wide", at::rand({3, 1}));
  const Handle half = g.call("aten::mul.Scalar", {{"self", ValueRef{x.id}}, {"other", 0.5}});
  const Handle y = g.add(half, wide);
  EXPECT_EQ(count(fold_affine(g.finish({{"y", y}})), "aten::addcmul"), 0);
}

}  // namespace
}  // namespace maas
