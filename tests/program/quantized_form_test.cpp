#include "program/quantized_form.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "call/verify.h"
#include "program/arguments.h"

namespace maas {
namespace {

struct Net {
  GraphBuilder g{"net", 1};
  Handle x = g.input("x", {3}, at::kFloat);

  Handle weight(const at::Tensor& values, const at::Tensor& scale) {
    const Handle stored = g.buffer("fc.weight_int8", values);
    const Handle real =
        g.call("aten::to.dtype", {{"self", ValueRef{stored.id}}, {"dtype", at::kFloat}});
    return g.call("aten::mul.Tensor", {{"self", ValueRef{real.id}},
                                       {"other", ValueRef{g.buffer("fc.weight_scale", scale).id}}});
  }
  Handle linear(Handle input, Handle by) {
    return g.call("aten::linear", {{"input", ValueRef{input.id}}, {"weight", ValueRef{by.id}}});
  }
  Handle rounded(Handle input, int64_t low, int64_t high) {
    return g.call("aten::fake_quantize_per_tensor_affine", {{"self", ValueRef{input.id}},
                                                            {"scale", 0.5},
                                                            {"zero_point", int64_t{3}},
                                                            {"quant_min", low},
                                                            {"quant_max", high}});
  }
  Handle by_token(Handle input) {
    const Handle absolute = g.call("aten::abs", {{"self", ValueRef{input.id}}});
    const Handle most =
        g.call("aten::amax",
               {{"self", ValueRef{absolute.id}}, {"dim", int_list({-1})}, {"keepdim", true}});
    const Handle part =
        g.call("aten::div.Scalar", {{"self", ValueRef{most.id}}, {"other", int64_t{127}}});
    const Handle scale =
        g.call("aten::clamp_min", {{"self", ValueRef{part.id}}, {"min", kLeastTokenScale}});
    const Handle quotient =
        g.call("aten::div.Tensor", {{"self", ValueRef{input.id}}, {"other", ValueRef{scale.id}}});
    const Handle whole = g.call("aten::round", {{"self", ValueRef{quotient.id}}});
    const Handle limited =
        g.call("aten::clamp",
               {{"self", ValueRef{whole.id}}, {"min", int64_t{-127}}, {"max", int64_t{127}}});
    return g.call("aten::mul.Tensor",
                  {{"self", ValueRef{limited.id}}, {"other", ValueRef{scale.id}}});
  }
};

at::Tensor threes() { return at::full({4, 3}, 3).to(at::kChar); }

TEST(QuantizedForm, FindsAWeightByItsPattern) {
  Net net;
  const Handle weight = net.weight(threes(), at::full({4, 1}, 0.5));
  const Program program = net.g.finish({{"out", net.linear(net.x, weight)}});
  verify(program, "net.pt2");
  const auto found = quantized_weight(program, weight.id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(program.value(found->values_id).name, "b_fc_weight_int8");
  EXPECT_TRUE(dequantized(*found).equal(at::full({4, 3}, 1.5)));
  EXPECT_FALSE(quantized_weight(program, net.x.id).has_value());
  EXPECT_TRUE(is_quantized(program));
}

TEST(QuantizedForm, ScalesThatAreNotOfTheFirstDimensionAreNoWeight) {
  Net net;
  const Handle weight = net.weight(threes(), at::ones({1, 3}));
  const Program program = net.g.finish({{"out", net.linear(net.x, weight)}});
  EXPECT_FALSE(quantized_weight(program, weight.id).has_value());
  EXPECT_FALSE(is_quantized(program));
}

TEST(QuantizedForm, FindsTheRangeOfAnActivation) {
  Net net;
  const Handle rounded = net.rounded(net.x, 0, 255);
  const Program program = net.g.finish({{"out", rounded}});
  verify(program, "net.pt2");
  const auto range = fake_quantized(program, rounded.id);
  ASSERT_TRUE(range.has_value());
  EXPECT_EQ(range->input, net.x.id);
  EXPECT_EQ(range->scale, 0.5);
  EXPECT_EQ(range->zero_point, 3);
  EXPECT_TRUE(is_quantized(program));
}

TEST(QuantizedForm, AnotherRangeOfIntegersIsNotTheStoredForm) {
  Net net;
  const Handle rounded = net.rounded(net.x, -128, 127);
  const Program program = net.g.finish({{"out", rounded}});
  EXPECT_FALSE(fake_quantized(program, rounded.id).has_value());
}

TEST(QuantizedForm, FindsRowsRoundedByTheirOwnLargestValue) {
  Net net;
  const Handle rounded = net.by_token(net.x);
  const Program program = net.g.finish({{"out", rounded}});
  verify(program, "net.pt2");
  const auto found = token_quantized(program, rounded.id);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->input, net.x.id);
  EXPECT_FALSE(quantized_weight(program, rounded.id).has_value());
}

TEST(QuantizedForm, AFloatNetworkIsNotQuantized) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {3}, at::kFloat);
  EXPECT_FALSE(is_quantized(g.finish({{"out", g.relu(g.linear("fc", x, 4))}})));
}

}  // namespace
}  // namespace maas
