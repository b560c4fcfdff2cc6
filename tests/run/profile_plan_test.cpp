#include "run/profile_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "run/lower_case.h"
#include "run/measure_plan.h"

namespace maas {
namespace {

TEST(ProfilePlan, TellsEachOperatorOfTheGraphThatRuns) {
  const auto plan = Plan::compile(small_resnet(), {.plan_for = PlanFor::kAsIs});
  const auto times = profile_plan(*plan, working_inputs(*plan, 2), 0.01);
  int64_t nodes = 0, convolutions = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    nodes += times[i].nodes;
    if (times[i].op == "aten::conv2d") convolutions += times[i].nodes;
    EXPECT_GT(times[i].ms, 0);
    EXPECT_FALSE(times[i].result.empty());
    EXPECT_LE(times[i].ms, times[std::max<size_t>(i, 1) - 1].ms);
  }
  EXPECT_EQ(nodes, static_cast<int64_t>(plan->program().nodes.size()));
  EXPECT_EQ(convolutions, 2);
}

TEST(ProfilePlan, SumsAnOperatorsResults) {
  const auto sums =
      by_operator({{"a", "f32 [1]", 2, 3.0}, {"b", "f32 [1]", 1, 4.0}, {"a", "f32 [2]", 1, 2.0}});
  ASSERT_EQ(sums.size(), 2U);
  EXPECT_EQ(sums[0].op, "a");
  EXPECT_EQ(sums[0].nodes, 3);
  EXPECT_EQ(sums[0].ms, 5.0);
  EXPECT_EQ(sums[1].op, "b");
}

TEST(ProfilePlan, ATimedRunGivesTheSameOutputs) {
  const auto plan = Plan::compile(small_resnet(), {.plan_for = PlanFor::kInference});
  const auto inputs = working_inputs(*plan, 2);
  std::vector<double> seconds(plan->program().nodes.size());
  EXPECT_TRUE(plan->run_timed(inputs, seconds)[0].equal(plan->run(inputs)[0]));
}

}  // namespace
}  // namespace maas
