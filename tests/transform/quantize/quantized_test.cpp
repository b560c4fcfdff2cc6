#include "transform/quantize/quantized.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"
#include "call/verify.h"
#include "program/arguments.h"
#include "transform/quantize/networks.h"

namespace maas {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<at::Tensor> inputs_of(const Program& program) {
  return rows_like(program, 32)->rows(at::arange(32)).inputs;
}

std::string refusal(const Program& program, const QuantizeJob& job) {
  try {
    quantized(program, job);
  } catch (const Error& error) {
    const Problem& p = error.first();
    return p.where + ": " + p.what + "; expected " + p.expected + "; " + p.fix;
  }
  return "";
}

TEST(Quantized, ANetworkAnswersNearlyAsBefore) {
  for (const Program& program : {small_mlp(), small_convnet(), small_resnet()}) {
    const Quantized done = on_data(program);
    verify(done.program, "quantized");
    EXPECT_EQ(done.scheme, "w8a8-static");
    EXPECT_GT(output_sqnr(program, done.program, inputs_of(program)), 25);
  }
}

TEST(Quantized, EveryLayerReadsInt8WeightsAndRoundedValues) {
  const Program program = on_data(small_mlp()).program;
  ASSERT_EQ(nodes_calling(program, "aten::linear").size(), 2);
  for (const Node* node : nodes_calling(program, "aten::linear")) {
    const auto weight = quantized_weight(program, operand_of(*node, "weight"));
    ASSERT_TRUE(weight.has_value());
    EXPECT_TRUE(fake_quantized(program, operand_of(*node, "input")).has_value());
  }
  EXPECT_EQ(program.buffers.count("fc1.weight_int8"), 1);
  EXPECT_EQ(program.buffers.count("fc1.weight_scale"), 1);
  EXPECT_EQ(program.parameters.count("fc1.weight"), 0);
  EXPECT_EQ(program.parameters.count("fc1.bias"), 1);
}

TEST(Quantized, ReluOfAnMlpIsRoundedAndNotWhatItReads) {
  const Program program = on_data(small_mlp()).program;
  std::vector<std::string> makers;
  for (const Node* node : nodes_calling(program, "aten::fake_quantize_per_tensor_affine")) {
    makers.push_back(maker(program, operand_of(*node, "self")));
  }
  EXPECT_THAT(makers, ElementsAre("", "aten::relu"));  // the input, fc1
}

TEST(Quantized, BatchNormsAreFoldedAndMaximaAndFlattenKeepTheIntegers) {
  const Program program = on_data(small_convnet()).program;
  EXPECT_TRUE(nodes_calling(program, "aten::batch_norm").empty());
  std::vector<std::string> makers;
  for (const Node* node : nodes_calling(program, "aten::fake_quantize_per_tensor_affine")) {
    makers.push_back(maker(program, operand_of(*node, "self")));
  }
  EXPECT_THAT(makers, ElementsAre("", "aten::relu", "aten::relu"));
  for (const Node* pool : nodes_calling(program, "aten::max_pool2d")) {
    EXPECT_TRUE(fake_quantized(program, operand_of(*pool, "self")).has_value());
  }
  EXPECT_EQ(program.parameters.count("conv2.bias"), 1);  // from the norm
  EXPECT_EQ(program.buffers.count("conv2.weight_int8"), 1);
}

TEST(Quantized, AResidualSumReadsTheRoundedValueThatTheBlockReads) {
  const Program program = on_data(small_resnet()).program;
  const std::vector<const Node*> sums = nodes_calling(program, "aten::add");
  ASSERT_EQ(sums.size(), 1);
  EXPECT_TRUE(fake_quantized(program, operand_of(*sums[0], "self")).has_value());
  EXPECT_EQ(maker(program, operand_of(*sums[0], "other")), "aten::conv2d");
  // The input, after both inner ReLUs, and the mean that the classifier reads.
  std::vector<std::string> makers;
  for (const Node* node : nodes_calling(program, "aten::fake_quantize_per_tensor_affine")) {
    makers.push_back(maker(program, operand_of(*node, "self")));
  }
  EXPECT_THAT(makers, ElementsAre("", "aten::relu", "aten::relu", "aten::adaptive_avg_pool2d"));
}

TEST(Quantized, AConcatenationIsRoundedOnce) {
  GraphBuilder g("net", 4);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle a = g.relu(g.conv2d("conv1", x, 4, 3, {.padding = 1}));
  const Handle b = g.relu(g.conv2d("conv2", x, 4, 3, {.padding = 1}));
  const Handle c = g.relu(g.conv2d("conv3", g.concat({a, b}, 1), 4, 3, {.padding = 1}));
  const Program before = g.finish({{"y", c}});
  const Program program = on_data(before).program;
  std::vector<std::string> makers;
  for (const Node* node : nodes_calling(program, "aten::fake_quantize_per_tensor_affine")) {
    makers.push_back(maker(program, operand_of(*node, "self")));
  }
  EXPECT_THAT(makers, ElementsAre("", "aten::cat"));
  EXPECT_GT(output_sqnr(before, program, inputs_of(before)), 25);
}

TEST(Quantized, ReadersThatWantFloatsKeepThem) {
  GraphBuilder g("net", 5);
  const Handle x = g.input("x", {16}, at::kFloat);
  const Handle a = g.relu(g.linear("fc1", x, 16));
  const Handle b = g.linear("fc2", a, 16);
  const Handle c =
      g.call("aten::mul.Tensor", {{"self", ValueRef{a.id}}, {"other", ValueRef{b.id}}});
  const Program program = on_data(g.finish({{"y", c}, {"hidden", a}})).program;
  const std::vector<const Node*> nodes = nodes_calling(program, "aten::mul");
  EXPECT_EQ(maker(program, operand_of(*nodes.back(), "self")), "aten::relu");
  const auto hidden = std::get<ValueRef>(program.user_outputs()[1]->value).id;
  EXPECT_EQ(maker(program, hidden), "aten::relu");
}

TEST(Quantized, AWeightOfTwoLayersIsStoredOnce) {
  GraphBuilder g("net", 6);
  const Handle x = g.input("x", {16}, at::kFloat);
  const Handle w = g.parameter("shared.weight", normal_tensor({16, 16}, 0.2, 1));
  const auto layer = [&](Handle h) {
    return g.call("aten::linear", {{"input", ValueRef{h.id}}, {"weight", ValueRef{w.id}}});
  };
  const Program program = on_data(g.finish({{"y", layer(g.relu(layer(x)))}})).program;
  EXPECT_EQ(program.buffers.size(), 2);
  EXPECT_TRUE(program.parameters.empty());
}

TEST(Quantized, ATableGivesRowsOfIntegersAndTheirScales) {
  GraphBuilder g("net", 7);
  const Handle i = g.input("i", {6}, at::kLong);
  const Handle rows = g.embedding("tokens", i, 300, 32);
  const Program before = g.finish({{"y", g.linear("fc", g.relu(rows), 4)}});
  const Quantized done =
      quantized(before, {.config = {.scheme = "w8a8-static", .calibration = "random"}});
  verify(done.program, "quantized");
  EXPECT_TRUE(is_quantized(done.program));
  EXPECT_EQ(done.program.buffers.at("tokens.weight_int8").scalar_type(), at::kChar);
  EXPECT_EQ(done.program.parameters.count("tokens.weight"), 0);
  const at::Tensor indices = at::arange(12).view({2, 6});
  EXPECT_GT(output_sqnr(before, done.program, {indices}), 25);
}

TEST(Quantized, WithoutDataLinearsRoundEachRowAsItRuns) {
  const Program before = small_convnet();
  const Quantized done = quantized(before, {});
  EXPECT_EQ(done.scheme, "w8a8-dynamic");
  EXPECT_THAT(done.notes.at(0), HasSubstr("comes without data"));
  verify(done.program, "quantized");
  const Node* linear = nodes_calling(done.program, "aten::linear").at(0);
  EXPECT_TRUE(token_quantized(done.program, operand_of(*linear, "input")).has_value());
  for (const Node* node : nodes_calling(done.program, "aten::conv2d")) {
    EXPECT_TRUE(quantized_weight(done.program, operand_of(*node, "weight")).has_value());
    EXPECT_FALSE(token_quantized(done.program, operand_of(*node, "input")).has_value());
  }
  EXPECT_GT(output_sqnr(before, done.program, inputs_of(before)), 25);
  // A row of zeros has no largest value to divide by.
  const at::Tensor zeros = at::zeros({2, 3, 8, 8});
  EXPECT_TRUE(Plan::compile(done.program)->run({zeros})[0].isfinite().all().item<bool>());
}

TEST(Quantized, WeightsAloneNeedNoData) {
  const Program before = small_resnet();
  const Quantized done = quantized(before, {.config = {.scheme = "w8"}});
  EXPECT_TRUE(nodes_calling(done.program, "aten::fake_quantize_per_tensor_affine").empty());
  EXPECT_TRUE(nodes_calling(done.program, "aten::round").empty());
  for (const QuantizedLayer& layer : done.layers) EXPECT_EQ(layer.bits, "w8");
  EXPECT_GT(output_sqnr(before, done.program, inputs_of(before)), 30);
}

TEST(Quantized, IgnoredLayersStayAsTheyAre) {
  const Quantized done = on_data(small_resnet(), {.ignore = {"fc", "conv1"}});
  EXPECT_THAT(done.kept, ElementsAre("conv1", "fc"));
  EXPECT_EQ(done.program.parameters.count("fc.weight"), 1);
  const Node* linear = nodes_calling(done.program, "aten::linear").at(0);
  EXPECT_FALSE(quantized_weight(done.program, operand_of(*linear, "weight")).has_value());
  // Nobody multiplies integers of the input or of the mean.
  EXPECT_EQ(nodes_calling(done.program, "aten::fake_quantize_per_tensor_affine").size(), 2);
}

TEST(Quantized, TheSameSeedGivesTheSameNetwork) {
  const Quantized a = on_data(small_resnet()), b = on_data(small_resnet());
  EXPECT_EQ(to_text(a.program), to_text(b.program));
  for (const auto& [name, tensor] : a.program.buffers) {
    EXPECT_TRUE(tensor.equal(b.program.buffers.at(name)));
  }
}

TEST(Quantized, RefusesWhatItCannotMean) {
  const Program mlp = small_mlp();
  EXPECT_THAT(refusal(on_data(mlp).program, {.name = "a-int8.pt"}),
              AllOf(HasSubstr("a-int8.pt"), HasSubstr("is quantized already")));

  Program broken = small_mlp();
  at::Tensor& weight = broken.parameters.at("fc2.weight");
  weight = weight.clone();
  weight[0][0] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(refusal(broken, {}), AllOf(HasSubstr("'fc2.weight'"), HasSubstr("NaN")));

  GraphBuilder g("net", 1);
  const Program empty = g.finish({{"y", g.relu(g.input("x", {4}, at::kFloat))}});
  EXPECT_THAT(refusal(empty, {}), HasSubstr("nothing to quantize"));

  EXPECT_THAT(refusal(mlp, {.config = {.ignore = {"fc3"}}}),
              AllOf(HasSubstr("no layer is named 'fc3'; did you mean"), HasSubstr("fc1, fc2")));
  EXPECT_THAT(refusal(mlp, {.config = {.ignore = {"*"}}}), HasSubstr("leaves all its layers out"));
  EXPECT_THAT(refusal(mlp, {.config = {.scheme = "w8a8-static"}}),
              AllOf(HasSubstr("comes without data"), HasSubstr("quantize.calibration=random")));
  EXPECT_THAT(refusal(mlp, {.data = rows_like(small_resnet(), 4)}),
              AllOf(HasSubstr("[4, 3, 8, 8]"), HasSubstr("20]")));
}

}  // namespace
}  // namespace maas
