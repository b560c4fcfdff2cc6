#include "run/fold_constants.h"

#include <gtest/gtest.h>

#include "run/lower_case.h"

namespace maas {
namespace {

TEST(FoldConstants, ComputesOnceWhatDoesNotDependOnTheInput) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle row = g.call("aten::arange", {{"end", int64_t{4}}, {"dtype", at::kFloat}});
  const Handle scale = g.call("aten::exp", {{"self", ValueRef{row.id}}});
  const Handle y =
      g.call("aten::mul.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{scale.id}}});
  const Program before = g.finish({{"y", y}});
  const Program after = fold_constants(before);
  EXPECT_EQ(before.nodes.size(), 3U);
  EXPECT_EQ(after.nodes.size(), 1U);
  EXPECT_LT(difference(before, after, 2), 1e-7);
}

TEST(FoldConstants, DrawsRandomNumbersAnewInEveryRun) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle noise = g.call("aten::rand", {{"size", IntList{{{4}}}}});
  EXPECT_EQ(count(fold_constants(g.finish({{"y", g.add(x, noise)}})), "aten::rand"), 1);
}

TEST(FoldConstants, LeavesABufferThatTheProgramChangesAlone) {
  GraphBuilder g("net", 3);
  const Handle steps = g.buffer("steps", at::rand({4}));
  const Handle next = g.call("aten::add.Scalar", {{"self", ValueRef{steps.id}}, {"other", 1.0}});
  Program program = g.finish({{"y", g.add(g.input("x", {4}, at::kFloat), next)}});
  EXPECT_EQ(fold_constants(program).nodes.size(), 1U);
  program.outputs.push_back({GraphOutput::Kind::kBufferMutation, ValueRef{next.id}, "steps"});
  EXPECT_EQ(fold_constants(program).nodes.size(), 2U);
}

TEST(FoldConstants, LeavesAResultThatIsTooLargeAlone) {
  GraphBuilder g("net", 3);
  const Handle row = g.buffer("row", at::rand({1, 1}));
  const Handle large =
      g.call("aten::repeat", {{"self", ValueRef{row.id}}, {"repeats", int_list({8192, 8192})}});
  const Handle sum = g.call("aten::sum", {{"self", ValueRef{large.id}}});
  const Program after =
      fold_constants(g.finish({{"y", g.add(g.input("x", {4}, at::kFloat), sum)}}));
  EXPECT_EQ(count(after, "aten::repeat"), 1);
}

TEST(FoldViewsOfWeights, MakesViewsThatSeeLaterChangesAndNoCopies) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {6}, at::kFloat);
  const Handle w = g.parameter("w", at::rand({5, 6}));
  const Handle turned = g.call("aten::t", {{"self", ValueRef{w.id}}});
  const Handle doubled = g.call("aten::mul.Scalar", {{"self", ValueRef{w.id}}, {"other", 2.0}});
  const Handle y = g.call("aten::mm", {{"self", ValueRef{x.id}}, {"mat2", ValueRef{turned.id}}});
  const Program before = g.finish({{"y", y}, {"doubled", doubled}});
  const Program after = fold_views_of_weights(before);
  EXPECT_EQ(count(after, "aten::t"), 0);
  EXPECT_EQ(count(after, "aten::mul"), 1);
  at::Tensor weight = before.parameters.at("w");
  weight.mul_(3);
  EXPECT_LT(difference(before, after, 2), 1e-7);
}

}  // namespace
}  // namespace maas
