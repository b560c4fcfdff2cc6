#include "run/fuse_pointwise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "run/fold_batch_norm.h"
#include "run/lower_case.h"
#include "run/prepack_convolution.h"
#include "run/prepack_linear.h"

namespace maas {
namespace {

Program fused(Program program) {
  return fuse_pointwise(prepack_linear(prepack_convolution(fold_batch_norm(std::move(program)))));
}

TEST(FusePointwise, PutsReluAndTheResidualSumIntoTheConvolution) {
  if (!has_packed_convolutions()) GTEST_SKIP() << "this libtorch packs no convolutions";
  const Program before = small_resnet();
  const Program after = fused(before);
  EXPECT_EQ(count(after, "mkldnn::_convolution_pointwise"), 2);
  EXPECT_EQ(count(after, "aten::relu"), 0);
  EXPECT_EQ(count(after, "aten::add"), 0);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-5);
}

TEST(FusePointwise, PutsReluIntoTheLinearLayerInFrontOfIt) {
  GraphBuilder g("net", 3);
  const Handle h = g.relu(g.linear("a", g.input("x", {6}, at::kFloat), 5));
  const Program before = with_mode(g.finish({{"y", g.linear("b", h, 4)}}), Mode::kEval);
  const Program after = fused(before);
  EXPECT_EQ(count(after, "aten::_addmm_activation"), 1);
  EXPECT_EQ(count(after, "aten::addmm"), 1);
  EXPECT_EQ(after.nodes.size(), 2U);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-6);
}

TEST(FusePointwise, LeavesAReluAloneWhoseOperandSomethingElseReads) {
  GraphBuilder g("net", 3);
  const Handle h = g.linear("a", g.input("x", {6}, at::kFloat), 5);
  const Program before = g.finish({{"y", g.add(g.relu(h), h)}});
  EXPECT_EQ(count(fused(before), "aten::relu"), 1);
}

TEST(FusePointwise, LeavesAReluAloneWhoseOperandIsAnOutput) {
  GraphBuilder g("net", 3);
  const Handle h = g.linear("a", g.input("x", {6}, at::kFloat), 5);
  const Program before = g.finish({{"h", h}, {"y", g.relu(h)}});
  EXPECT_EQ(count(fused(before), "aten::relu"), 1);
}

TEST(FusePointwise, LeavesASumOfOneConvolutionWithItselfAlone) {
  GraphBuilder g("net", 3);
  const Handle c = g.conv2d("a", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {});
  const Program before = g.finish({{"y", g.add(c, c)}});
  EXPECT_EQ(count(fused(before), "aten::add"), 1);
  EXPECT_LT(difference(before, fused(before), 2), 1e-5);
}

// Inside a convolution oneDNN's ReLU makes 0 of it.
TEST(FusePointwise, HidesNoNanOfAnInput) {
  const Program before = small_resnet();
  const auto quick = Plan::compile(before, {.plan_for = PlanFor::kInference});
  at::Tensor x = at::rand({3, 3, 8, 8});
  const at::Tensor fine = quick->run({x})[0];
  x[1][0][4][4].fill_(std::nan(""));
  const at::Tensor a = Plan::compile(before)->run({x})[0], b = quick->run({x})[0];
  EXPECT_TRUE(b[1].isnan().all().item<bool>());
  EXPECT_TRUE(a.isnan().eq(b.isnan()).all().item<bool>());
  EXPECT_LT((b[0] - fine[0]).abs().max().item<double>(), 1e-5);
}

}  // namespace
}  // namespace maas
