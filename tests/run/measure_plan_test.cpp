#include "run/measure_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/builder.h"
#include "run/lower_case.h"

namespace maas {
namespace {

TEST(ExampleInputs, RefusesABatchThatAFixedInputDoesNotTake) {
  Program program = small_resnet();
  for (const GraphInput* input : program.user_inputs()) program.value(input->value).shape[0] = 2;
  EXPECT_THROW(example_inputs(program, 3), Error);
}

// As LayoutLM's boxes: an index that the graph computes, of integers that no rule bounds.
TEST(WorkingInputs, AreOthersWhereTheFirstAreRefused) {
  GraphBuilder g("boxes", 1);
  const Handle x = g.input("x", {64}, at::kLong);
  const Handle width = g.call(
      "aten::sub.Tensor",
      {{"self", ValueRef{x.id}},
       {"other", ValueRef{g.call("aten::flip",
                                 {{"self", ValueRef{x.id}}, {"dims", IntList{{{1, kNoValue}}}}})
                              .id}}});
  const auto plan = Plan::compile(g.finish({{"y", g.embedding("widths", width, 4, 2)}}));
  const auto inputs = working_inputs(*plan, 3);
  EXPECT_EQ(inputs[0].count_nonzero().item<int64_t>(), 0);
}

TEST(WorkingInputs, NameTheReasonAndTheWayOutWhereThereAreNone) {
  GraphBuilder g("offset", 1);
  const Handle x = g.input("x", {4}, at::kLong);
  const Handle far = g.call("aten::add.Scalar", {{"self", ValueRef{x.id}}, {"other", int64_t{9}}});
  const auto plan = Plan::compile(g.finish({{"y", g.embedding("table", far, 4, 2)}}));
  try {
    working_inputs(*plan, 1);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kUsage);
    EXPECT_THAT(error.what(), testing::HasSubstr("--input FILE"));
  }
}

TEST(UsualBatches, AreOneAndSixtyFourOrWhatIsAllowedNearThem) {
  Program program = small_resnet();
  EXPECT_EQ(usual_batches(program), (std::vector<int64_t>{1, 64}));
  program.symbols["s0"] = {4, 16};
  EXPECT_EQ(usual_batches(program), (std::vector<int64_t>{4, 16}));
  program.symbols["s0"] = {2, std::nullopt};
  program.size_rules = {"s0 != 1"};
  EXPECT_EQ(usual_batches(program), (std::vector<int64_t>{2, 64}));
}

TEST(MeasureLatency, CallsAtLeastAsOftenAsAsked) {
  const auto plan = Plan::compile(small_resnet());
  const LatencyStats stats = measure_latency(*plan, example_inputs(plan->program(), 1), {0, 0, 5});
  EXPECT_GE(stats.calls, 5);
  EXPECT_LE(stats.p50_ms, stats.p99_ms);
}

}  // namespace
}  // namespace maas
