#include "run/measure_plan.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "run/lower_case.h"

namespace maas {
namespace {

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
