#include "run/bf16_layers.h"

#include <gtest/gtest.h>

#include "run/kernel_times.h"
#include "run/lower.h"
#include "run/lower_case.h"

namespace maas {
namespace {

Program in_bf16(const Program& program, int64_t rows = 8) {
  static KernelTimes wherever_it_can("bf16");
  return lower(program, {.target = target_of(rows, &wherever_it_can, Precision::kBf16)});
}

int64_t count_halves(const Program& program) {
  int64_t found = 0;
  for (const Node& node : program.nodes) {
    for (const Node::Output& output : node.outputs) {
      for (const ValueId id : output.ids) found += program.value(id).dtype == at::kBFloat16 ? 1 : 0;
    }
  }
  return found;
}

// Two products, an activation that oneDNN fuses, a norm between them.
Program small_encoder() {
  GraphBuilder g("net", 5);
  const Handle x = g.input("x", {16, 32}, at::kFloat);
  const Handle up = g.linear("up", x, 64);
  const Handle bent = g.call("aten::gelu", {{"self", ValueRef{up.id}}});
  const Handle down = g.add(g.linear("down", bent, 32), x);
  return with_mode(g.finish({{"y", g.linear("fc", down, 4)}}), Mode::kEval);
}

#define SKIP_WITHOUT_BF16() \
  if (!can_compute_bf16()) GTEST_SKIP() << "this processor computes no bfloat16 by oneDNN"

TEST(Bf16Layers, ComputeAConvolutionalNetworkWithinARoundingOfItsOutputs) {
  SKIP_WITHOUT_BF16();
  const Program before = small_resnet(), after = in_bf16(before);
  EXPECT_GE(count_halves(after), 3);
  for (const int64_t batch : {1, 8}) {
    const double apart = difference(before, after, batch);
    EXPECT_LT(apart, kMostBf16Difference);
    EXPECT_GT(apart, 1e-5);  // it is another arithmetic
  }
}

TEST(Bf16Layers, ComputeProductsWithActivationsAndSums) {
  SKIP_WITHOUT_BF16();
  const Program before = small_encoder(), after = in_bf16(before);
  EXPECT_EQ(count(after, "aten::gelu"), 0);
  for (const int64_t batch : {1, 8}) {
    EXPECT_LT(difference(before, after, batch), kMostBf16Difference);
  }
}

TEST(Bf16Layers, StayInBfloat16FromLayerToLayer) {
  SKIP_WITHOUT_BF16();
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle a = g.relu(g.conv2d("a", x, 8, 3, {.padding = 1}));
  const Handle b = g.relu(g.conv2d("b", a, 8, 3, {.padding = 1}));
  const Program before = with_mode(g.finish({{"y", b}}), Mode::kEval);
  const Program after = in_bf16(before);
  int64_t turns = 0;
  for (const Node& node : after.nodes) turns += node.op == "aten::to" ? 1 : 0;
  EXPECT_EQ(turns, 2);  // in and out
  EXPECT_LT(difference(before, after, 8), kMostBf16Difference);
}

TEST(Bf16Layers, AreNoneUnlessAskedFor) {
  static KernelTimes wherever_it_can("bf16");
  const Program after = lower(small_resnet(), {.target = target_of(8, &wherever_it_can)});
  EXPECT_EQ(count_halves(after), 0);
}

TEST(BearablePrecision, SaysHowFarTheOutputsAreApart) {
  std::string why;
  const Precision precision = bearable_precision(small_resnet(), 8, why);
  EXPECT_FALSE(why.empty());
  const bool chooses = can_compute_bf16() && !why.starts_with(kNoBf16Layer);
  EXPECT_EQ(precision, chooses ? Precision::kBf16 : Precision::kFp32) << why;
  EXPECT_EQ(why.find("of the largest one") != why.npos, chooses) << why;
}

// 1000 and a little, less 1000: what bfloat16 rounds away.
TEST(Bf16Layers, AreTooRoughWhereLargeNumbersAreTakenFromEachOther) {
  SKIP_WITHOUT_BF16();
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {256}, at::kFloat);
  const Handle large = g.call("aten::add.Scalar", {{"self", ValueRef{x.id}}, {"other", 1000.0}});
  const Handle y = g.linear("fc", large, 256);
  const Handle base = g.call("aten::full_like", {{"self", ValueRef{x.id}}, {"fill_value", 1000.0}});
  const Handle without = g.linear("fc2", base, 256);
  Program program =
      g.finish({{"y", g.call("aten::sub.Tensor",
                             {{"self", ValueRef{y.id}}, {"other", ValueRef{without.id}}})}});
  program.parameters.at("fc2.weight") = program.parameters.at("fc.weight");
  program.parameters.at("fc2.bias") = program.parameters.at("fc.bias");
  static KernelTimes wherever_it_can("bf16");
  const Program before = with_mode(program, Mode::kEval);
  EXPECT_GT(difference(before, in_bf16(before), 4), kMostBf16Difference);
}

}  // namespace
}  // namespace maas
