// The stored form of int8 networks as QuantizeLinear and DequantizeLinear, and back.
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "export/onnx/round_trip.h"
#include "program/quantized_form.h"

namespace maas {
namespace {

Argument ref(Handle x) { return ValueRef{x.id}; }

// A linear layer with an int8 weight on a rounded input.
Program quantized(int64_t low, int64_t high) {
  GraphBuilder g("net", 1);
  Handle x = g.input("x", {6}, at::kFloat);
  x = g.call("aten::fake_quantize_per_tensor_affine", {{"self", ref(x)},
                                                       {"scale", 0.02},
                                                       {"zero_point", int64_t{low + 100}},
                                                       {"quant_min", low},
                                                       {"quant_max", high}});
  const Handle q = g.buffer("fc.weight_int8", at::randint(-127, 128, {3, 6}, at::kChar));
  const Handle scale = g.buffer("fc.weight_scale", at::rand({3, 1}).add(0.01));
  const Handle whole = g.call("aten::to.dtype", {{"self", ref(q)}, {"dtype", at::kFloat}});
  const Handle w = g.call("aten::mul.Tensor", {{"self", ref(whole)}, {"other", ref(scale)}});
  const Handle b = g.parameter("fc.bias", at::rand({3}));
  return g.finish(
      {{"y", g.call("aten::linear", {{"input", ref(x)}, {"weight", ref(w)}, {"bias", ref(b)}})}});
}

TEST(OnnxQuantized, WeightsAndActivationsAreTheOperatorsThatRuntimesFuse) {
  const OnnxModel model = to_onnx(quantized(0, 255));
  std::vector<std::string> ops;
  for (const OnnxNode& node : model.graph.nodes) ops.push_back(node.op);
  EXPECT_THAT(ops, testing::UnorderedElementsAre("QuantizeLinear", "DequantizeLinear",
                                                 "DequantizeLinear", "Gemm"));
  for (const OnnxTensor& tensor : model.graph.initializers) {
    if (tensor.name == "fc.weight_int8") {
      EXPECT_EQ(tensor.values.scalar_type(), at::kChar);
    } else if (tensor.name == "fc.weight_scale") {
      EXPECT_EQ(tensor.values.dim(), 1);
    }
  }
}

TEST(OnnxQuantized, TheStoredFormComesBack) {
  const Program program = quantized(0, 255);
  const Program read = read_back(program);
  EXPECT_TRUE(is_quantized(read));
  EXPECT_EQ(read.buffers.at("fc.weight_int8").scalar_type(), at::kChar);
  EXPECT_EQ(read.buffers.at("fc.weight_scale").dim(), 2);
  bool weight = false, activation = false;
  for (ValueId id = 0; id < static_cast<ValueId>(read.values.size()); ++id) {
    weight = weight || quantized_weight(read, id).has_value();
    activation = activation || fake_quantized(read, id).has_value();
  }
  EXPECT_TRUE(weight);
  EXPECT_TRUE(activation);
  expect_same_outputs(program, read);
  const Program is_signed = quantized(-128, 127);
  expect_same_outputs(is_signed, read_back(is_signed));
}

// Rows rounded by their own largest value: plain operators, found again by their pattern.
TEST(OnnxQuantized, RowsWithTheirOwnScaleComeBack) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {4, 6}, at::kFloat);
  const auto call = [&](const char* op, Handle of, std::vector<Operand> operands) {
    operands.insert(operands.begin(), {"self", ref(of)});
    return g.call(op, operands);
  };
  Handle s =
      call("aten::amax", call("aten::abs", x, {}), {{"dim", IntList{{{-1}}}}, {"keepdim", true}});
  s = call("aten::clamp_min", call("aten::div.Scalar", s, {{"other", int64_t{127}}}),
           {{"min", kLeastTokenScale}});
  Handle q = call("aten::round", call("aten::div.Tensor", x, {{"other", ref(s)}}), {});
  q = call("aten::clamp", q, {{"min", int64_t{-127}}, {"max", int64_t{127}}});
  const Program program = g.finish({{"y", call("aten::mul.Tensor", q, {{"other", ref(s)}})}});
  ASSERT_TRUE(is_quantized(program));
  const Program read = read_back(program);
  EXPECT_TRUE(is_quantized(read)) << to_text(read);
  expect_same_outputs(program, read);
}

}  // namespace
}  // namespace maas
