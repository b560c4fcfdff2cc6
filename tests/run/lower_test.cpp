#include "run/lower.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/rand.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/builder.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "program/mode.h"
#include "run/measure_plan.h"
#include "run/plan.h"

namespace maas {
namespace {

// Convolution, batch norm, a residual sum, a classifier; norms with statistics that matter.
Program small_resnet() {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle a = g.relu(g.batch_norm("bn1", g.conv2d("conv1", x, 6, 3, {.padding = 1})));
  const Handle b = g.batch_norm("bn2", g.conv2d("conv2", a, 6, 3, {.padding = 1, .bias = false}));
  const Handle y = g.linear("fc", g.flatten(g.global_avg_pool(g.relu(g.add(a, b)))), 4);
  Program program = g.finish({{"y", y}});
  for (auto& [name, tensor] : program.buffers) {
    if (tensor.is_floating_point()) tensor = at::rand(tensor.sizes()) + 0.5;
  }
  for (auto& [name, tensor] : program.parameters) {
    if (name.starts_with("bn")) tensor = at::rand(tensor.sizes()) + 0.5;
  }
  return with_mode(program, Mode::kEval);
}

int64_t count(const Program& program, const std::string& op) {
  int64_t found = 0;
  for (const Node& node : program.nodes) found += node.op == op ? 1 : 0;
  return found;
}

double difference(const Program& before, const Program& after, int64_t batch) {
  const auto inputs = example_inputs(before, batch);
  const at::Tensor a = Plan::compile(before)->run(inputs)[0];
  const at::Tensor b = Plan::compile(after)->run(inputs)[0];
  return ((a - b).abs().max() / a.abs().max()).item<double>();
}

TEST(Lower, FoldsEveryBatchNormAndKeepsTheOutputs) {
  const Program before = small_resnet();
  const Program after = lower(before);
  EXPECT_EQ(count(before, "aten::batch_norm"), 2);
  EXPECT_EQ(count(after, "aten::batch_norm"), 0);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-5);
}

TEST(Lower, PutsReluAndTheResidualSumIntoTheConvolution) {
  const Program before = small_resnet();
  const Program after = lower(before);
  EXPECT_EQ(count(after, "mkldnn::_convolution_pointwise"), 2);
  EXPECT_EQ(count(after, "aten::relu"), 0);
  EXPECT_EQ(count(after, "aten::add"), 0);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-5);
}

// With convolutions as torch.export's run_decompositions() writes them.
Program decomposed(Program program) {
  for (Node& node : program.nodes) {
    if (node.op != "aten::conv2d") continue;
    const Node::Output made = node.outputs.at(0);
    node = make_node("aten::convolution", {{"input", argument_of(node, "input", None{})},
                                           {"weight", argument_of(node, "weight", None{})},
                                           {"bias", argument_of(node, "bias", None{})},
                                           {"stride", argument_of(node, "stride", IntList{})},
                                           {"padding", argument_of(node, "padding", IntList{})},
                                           {"dilation", int_list({1, 1})},
                                           {"transposed", false},
                                           {"output_padding", int_list({0, 0})},
                                           {"groups", int64_t{1}}});
    node.outputs = {made};
  }
  return program;
}

TEST(Lower, PacksTheConvolutionsOfADecomposedExport) {
  const Program before = decomposed(small_resnet());
  ASSERT_EQ(count(before, "aten::convolution"), 2);
  const Program after = lower(before);
  EXPECT_EQ(count(after, "mkldnn::_convolution_pointwise"), 2);
  EXPECT_EQ(count(after, "aten::batch_norm"), 0);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-5);
}

TEST(Lower, KeepsABufferThatIsOnlyWritten) {
  Program program = small_resnet();
  program.outputs.push_back({GraphOutput::Kind::kBufferMutation,
                             ValueRef{operand_of(program.nodes.at(1), "weight")},
                             "bn1.running_mean"});
  const Program lowered = lower(program);
  Plan::compile(lowered)->run(example_inputs(program, 1));
  EXPECT_TRUE(
      at::equal(lowered.buffers.at("bn1.running_mean"), program.parameters.at("bn1.weight")));
}

TEST(Lower, LeavesATransposedConvolutionAlone) {
  Program before = decomposed(small_resnet());
  for (Node& node : before.nodes) {
    if (node.op == "aten::convolution") node.set("transposed", true);
  }
  const Program after = lower(before, {.disabled = {"dead-code"}});
  EXPECT_EQ(count(after, "aten::convolution"), 2);
}

TEST(Lower, KeepsAViewOfAConvolutionsResultRight) {
  GraphBuilder g("net", 3);
  const Handle c = g.conv2d("conv", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {.stride = 2});
  const Program before = with_mode(g.finish({{"y", g.linear("fc", g.flatten(c), 5)}}), Mode::kEval);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, lower(before), batch), 1e-5);
}

TEST(Lower, TurnsAViewOfAPackedConvolutionIntoAReshape) {
  GraphBuilder g("net", 3);
  const Handle c = g.conv2d("conv", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {});
  const Handle flat =
      g.call("aten::view", {{"self", ValueRef{c.id}}, {"size", IntList{{{-1}, {4 * 6 * 6}}}}});
  const Program before = with_mode(g.finish({{"y", g.linear("fc", flat, 5)}}), Mode::kEval);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, lower(before), batch), 1e-5);
}

TEST(Lower, ConvolvesInGroupsWithDilation) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4, 9, 9}, at::kFloat);
  const Handle c = g.relu(g.conv2d("conv", x, 8, 3, {.padding = 1, .groups = 4}));
  const Program before = with_mode(g.finish({{"y", g.flatten(g.add(c, c))}}), Mode::kEval);
  EXPECT_LT(difference(before, lower(before), 2), 1e-5);
}

TEST(Lower, PutsReluIntoTheLinearLayerInFrontOfIt) {
  GraphBuilder g("net", 3);
  const Handle h = g.relu(g.linear("a", g.input("x", {6}, at::kFloat), 5));
  const Program before = with_mode(g.finish({{"y", g.linear("b", h, 4)}}), Mode::kEval);
  const Program after = lower(before);
  EXPECT_EQ(count(after, "aten::_addmm_activation"), 1);
  EXPECT_EQ(count(after, "aten::addmm"), 1);
  EXPECT_EQ(after.nodes.size(), 2U);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-6);
}

TEST(Lower, ComputesOnceWhatDoesNotDependOnTheInput) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle row = g.call("aten::arange", {{"end", int64_t{4}}, {"dtype", at::kFloat}});
  const Handle scale = g.call("aten::exp", {{"self", ValueRef{row.id}}});
  const Handle y =
      g.call("aten::mul.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{scale.id}}});
  const Program before = g.finish({{"y", y}});
  const Program after = lower(before);
  EXPECT_EQ(before.nodes.size(), 3U);
  EXPECT_EQ(after.nodes.size(), 1U);
  EXPECT_LT(difference(before, after, 2), 1e-7);
}

TEST(Lower, ScalesAndShiftsTheInputInOneGo) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {3, 4, 4}, at::kFloat);
  const Handle mean = g.buffer("mean", at::rand({3, 1, 1}));
  const Handle std_dev = g.buffer("std", at::rand({3, 1, 1}) + 0.5);
  Handle y = g.call("aten::div.Scalar", {{"self", ValueRef{x.id}}, {"other", 255.0}});
  y = g.call("aten::sub.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{mean.id}}});
  y = g.call("aten::div.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{std_dev.id}}});
  const Program before = g.finish({{"y", y}});
  const Program after = lower(before);
  EXPECT_EQ(after.nodes.size(), 1U);
  EXPECT_EQ(count(after, "aten::addcmul"), 1);
  EXPECT_LT(difference(before, after, 2), 1e-6);
}

TEST(Lower, KeepsAStepOfAScalingThatSomethingElseReads) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle half = g.call("aten::mul.Scalar", {{"self", ValueRef{x.id}}, {"other", 0.5}});
  const Handle more = g.call("aten::add.Scalar", {{"self", ValueRef{half.id}}, {"other", 2.0}});
  const Program before = g.finish({{"half", half}, {"more", more}});
  EXPECT_EQ(count(lower(before), "aten::addcmul"), 0);
}

TEST(Lower, DrawsRandomNumbersAnewInEveryRun) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle noise = g.call("aten::rand", {{"size", IntList{{{4}}}}});
  const Handle y =
      g.call("aten::add.Tensor", {{"self", ValueRef{x.id}}, {"other", ValueRef{noise.id}}});
  EXPECT_EQ(count(lower(g.finish({{"y", y}})), "aten::rand"), 1);
}

TEST(Lower, WithEachPassLeftOutComputesTheSame) {
  const Program before = small_resnet();
  for (const LoweringPass& pass : lowering_passes()) {
    for (const int64_t batch : {1, 8}) {
      EXPECT_LT(difference(before, lower(before, {.disabled = {pass.name}}), batch), 1e-5)
          << pass.name;
    }
  }
}

TEST(Lower, LeavesAPassOutByName) {
  EXPECT_EQ(count(lower(small_resnet(), {.disabled = {"fold-batch-norm"}}), "aten::batch_norm"), 2);
}

TEST(Lower, LeavesABatchNormInTrainingAlone) {
  const Program training = with_mode(small_resnet(), Mode::kTrain);
  EXPECT_EQ(count(lower(training), "aten::batch_norm"), 2);
}

TEST(Lower, LeavesAConvolutionWithASecondReaderAlone) {
  GraphBuilder g("net", 3);
  const Handle c = g.conv2d("conv", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {});
  const Program program =
      with_mode(g.finish({{"y", g.add(g.batch_norm("bn", c), c)}}), Mode::kEval);
  EXPECT_EQ(count(lower(program), "aten::batch_norm"), 1);
}

TEST(Lower, LeavesTheOriginalsWeightsAlone) {
  const Program before = small_resnet();
  const at::Tensor weight = before.parameters.at("conv1.weight").clone();
  lower(before);
  EXPECT_TRUE(at::equal(weight, before.parameters.at("conv1.weight")));
}

TEST(Lower, TimesEveryPass) {
  std::vector<PassTiming> timings;
  lower(small_resnet(), {}, &timings);
  EXPECT_EQ(timings.size(), lowering_passes().size());
}

TEST(Lower, SuggestsThePassThatWasMeant) {
  try {
    lower(small_resnet(), {.disabled = {"fold-batchnorm"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr("fold-batch-norm"));
  }
}

TEST(ExampleInputs, RefusesABatchThatAFixedInputDoesNotTake) {
  Program program = small_resnet();
  for (const GraphInput* input : program.user_inputs()) program.value(input->value).shape[0] = 2;
  EXPECT_THROW(example_inputs(program, 3), Error);
}

TEST(MeasureLatency, CallsAtLeastAsOftenAsAsked) {
  const auto plan = Plan::compile(small_resnet());
  const LatencyStats stats = measure_latency(*plan, example_inputs(plan->program(), 1), {0, 0, 5});
  EXPECT_GE(stats.calls, 5);
  EXPECT_LE(stats.p50_ms, stats.p99_ms);
}

}  // namespace
}  // namespace maas
