#include "run/lower.h"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "run/lower_case.h"
#include "support/scratch.h"

namespace maas {
namespace {

TEST(Lower, FoldsEveryBatchNormAndKeepsTheOutputs) {
  const Program before = small_resnet();
  const Program after = lower(before);
  EXPECT_EQ(count(before, "aten::batch_norm"), 2);
  EXPECT_EQ(count(after, "aten::batch_norm"), 0);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-5);
}

TEST(Lower, TreatsADecomposedExportAsAPlainOne) {
  const Program before = decomposed(small_resnet());
  ASSERT_EQ(count(before, "aten::convolution"), 2);
  const Program after = lower(before);
  EXPECT_EQ(count(after, "aten::convolution"), 0);
  EXPECT_EQ(count(after, "aten::batch_norm"), 0);
  EXPECT_EQ(after.nodes.size(), lower(small_resnet()).nodes.size());
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

TEST(Lower, SuggestsThePassThatWasMeantAndNamesAll) {
  EXPECT_THAT(
      error_of([] { lower(small_resnet(), {.disabled = {"fold-batchnorm"}}); }, ErrorKind::kUsage),
      testing::AllOf(testing::HasSubstr("did you mean 'fold-batch-norm'?"),
                     testing::HasSubstr("prepack-linear")));
}

TEST(Lower, AsIsHasNoPasses) {
  const Program before = small_resnet();
  EXPECT_TRUE(lowering_passes(PlanFor::kAsIs).empty());
  EXPECT_EQ(to_text(lower(before, {.plan_for = PlanFor::kAsIs})), to_text(before));
}

TEST(Lower, ForTrainingSeesLaterChangesOfTheWeights) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {6}, at::kFloat);
  const Handle w = g.parameter("w", at::rand({5, 6}));
  const Handle turned = g.call("aten::t", {{"self", ValueRef{w.id}}});
  const Handle y = g.call("aten::mm", {{"self", ValueRef{x.id}}, {"mat2", ValueRef{turned.id}}});
  const Program before = g.finish({{"y", y}});
  const Program after = lower(before, {.plan_for = PlanFor::kTraining});
  EXPECT_EQ(after.nodes.size(), 1U);
  at::Tensor weight = before.parameters.at("w");
  weight.mul_(3);
  EXPECT_LT(difference(before, after, 2), 1e-7);
}

TEST(Lower, HintsTheRowsOfTheTarget) {
  const Program after = lower(small_resnet(), {.target = {.rows = 32}});
  EXPECT_EQ(after.value(after.user_inputs()[0]->value).shape[0].size, 32);
}

TEST(Lower, SaysWhichPassesLookForAnOperator) {
  const OperatorConcern concern = lowering_concern();
  EXPECT_EQ(concern.mark("aten::relu"), "fuse-pointwise");
  EXPECT_THAT(concern.mark("aten::linear"), testing::HasSubstr("prepack-linear"));
  EXPECT_EQ(concern.mark("aten::erf"), "");
}

}  // namespace
}  // namespace maas
