#include "run/fuse_pointwise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "run/fold_batch_norm.h"
#include "run/kernel_times.h"
#include "run/lower_case.h"
#include "run/prepack_convolution.h"
#include "run/prepack_linear.h"

namespace maas {
namespace {

Program fused(Program program) {
  return fuse_pointwise(
      prepack_linear(prepack_convolution(fold_batch_norm(std::move(program)), {}), {}));
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

// Of a product or a convolution by oneDNN, which then computes it.
Program activated(bool image, const std::string& op, const std::vector<Operand>& more) {
  GraphBuilder g("net", 3);
  const Handle x = image ? g.input("x", {3, 8, 8}, at::kFloat) : g.input("x", {4, 20}, at::kFloat);
  const Handle h = image ? g.conv2d("a", x, 5, 3, {}) : g.linear("a", x, 33);
  std::vector<Operand> operands = {{"self", ValueRef{h.id}}};
  operands.insert(operands.end(), more.begin(), more.end());
  Program program = g.finish({{"y", g.call(op, operands)}});
  for (auto& [name, tensor] : program.parameters) tensor.mul_(8);  // far beyond the bends
  return program;
}

Program fused_by_onednn(const Program& program) {
  static KernelTimes times("onednn");
  return fuse_pointwise(prepack_linear(prepack_convolution(program, {}), {1, 1, &times}));
}

TEST(FusePointwise, PutsActivationsIntoLayersByOneDnn) {
  if (!has_packed_convolutions() || !has_onednn_products()) GTEST_SKIP() << "no oneDNN here";
  const std::vector<std::pair<std::string, std::vector<Operand>>> activations = {
      {"aten::relu", {}},
      {"aten::relu6", {}},
      {"aten::hardtanh", {{"min_val", -0.5}, {"max_val", 2.0}}},
      {"aten::hardtanh", {}},
      {"aten::leaky_relu", {{"negative_slope", 0.2}}},
      {"aten::leaky_relu", {}},
      {"aten::sigmoid", {}},
      {"aten::tanh", {}},
      {"aten::silu", {}},
      {"aten::hardswish", {}},
      {"aten::hardsigmoid", {}},
      {"aten::gelu", {}},
      {"aten::gelu", {{"approximate", std::string("tanh")}}}};
  for (const auto& [op, more] : activations) {
    for (const bool image : {false, true}) {
      const Program before = activated(image, op, more), after = fused_by_onednn(before);
      EXPECT_EQ(after.nodes.size(), 1U) << op;
      EXPECT_TRUE(has_fused_activation(after.nodes.at(0)));
      for (const int64_t batch : {1, 9}) EXPECT_LT(difference(before, after, batch), 5e-6) << op;
    }
  }
}

TEST(FusePointwise, PutsTheResidualSumIntoTheProduct) {
  if (!has_onednn_products()) GTEST_SKIP() << "no oneDNN here";
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4, 20}, at::kFloat);
  const Program before = g.finish({{"y", g.relu(g.add(x, g.linear("a", x, 20)))}});
  const Program after = fused_by_onednn(before);
  EXPECT_EQ(count(after, "aten::add"), 0);
  EXPECT_EQ(count(after, "aten::relu"), 1);  // a product with a sum takes none
  for (const int64_t batch : {1, 9}) EXPECT_LT(difference(before, after, batch), 1e-6);
}

Program fused_by_our_own(const Program& program) {
  static KernelTimes times("packed");
  return fuse_pointwise(prepack_linear(program, {1, 1, &times}));
}

TEST(FusePointwise, PutsTheSumThenTheActivationIntoOurOwnProduct) {
  for (const char* op : {"aten::relu", "aten::sigmoid", "aten::tanh", "aten::silu", "aten::gelu"}) {
    const Program before = activated(false, op, {}), after = fused_by_our_own(before);
    EXPECT_EQ(after.nodes.size(), 1U) << op;
    for (const int64_t batch : {1, 9}) EXPECT_LT(difference(before, after, batch), 2e-6) << op;
  }
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4, 20}, at::kFloat), a = g.linear("a", x, 20);
  const Handle b = g.relu(g.add(a, g.linear("b", x, 20)));  // both products are there
  const Program before = g.finish({{"y", g.add(g.add(b, x), g.relu(g.linear("c", b, 20)))}});
  const Program after = fused_by_our_own(before);
  EXPECT_EQ(count(after, "aten::relu"), 0);
  EXPECT_EQ(count(after, "aten::add"), 2);
  for (const int64_t batch : {1, 9}) EXPECT_LT(difference(before, after, batch), 2e-6);
}

// Of a sum, oneDNN's convolution takes the ReLU alone; others end the run.
TEST(FusePointwise, RunsEveryActivationBehindAResidualSum) {
  for (const char* op : {"aten::relu", "aten::relu6", "aten::hardtanh", "aten::leaky_relu",
                         "aten::sigmoid", "aten::tanh", "aten::silu", "aten::hardswish",
                         "aten::hardsigmoid", "aten::gelu", "aten::elu", "aten::mish"}) {
    for (const bool image : {false, true}) {
      GraphBuilder g("net", 3);
      const Handle x =
          image ? g.input("x", {3, 8, 8}, at::kFloat) : g.input("x", {4, 20}, at::kFloat);
      const Handle h = image ? g.conv2d("a", x, 3, 3, {.padding = 1}) : g.linear("a", x, 20);
      const Program before =
          g.finish({{"y", g.relu(g.call(op, {{"self", ValueRef{g.add(x, h).id}}}))}});
      for (const Program& after : {fused_by_onednn(before), fused_by_our_own(before)}) {
        for (const int64_t batch : {1, 9}) {
          EXPECT_LT(difference(before, after, batch), 5e-6) << op << image;
        }
      }
    }
  }
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
