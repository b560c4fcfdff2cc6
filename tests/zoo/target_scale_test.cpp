#include "zoo/target_scale.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include "call/builder.h"
#include "support/evaluate_program.h"

namespace maas {
namespace {

TaskSpec prices(std::vector<TargetScale> scales) {
  return {.kind = TaskKind::kRegression, .labels = {"price", "rent"}, .scales = std::move(scales)};
}

// What comes out for the outputs `y` of a network.
at::Tensor given(const TaskSpec& task, const at::Tensor& y) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("y", {2}, at::kFloat);
  return evaluate(g.finish({{"values", in_target_units(g, x, task)}}), {y}).at(0);
}

const at::Tensor kOutputs = at::tensor({0.0, 1.0, -2.0, 0.5}, at::kFloat).view({2, 2});

TEST(RawOutput, GivesEachTargetInItsUnits) {
  const at::Tensor wanted = at::tensor({400.0, 10.0, 200.0, 8.0}, at::kFloat).view({2, 2});
  EXPECT_TRUE(at::equal(given(prices({{400, 100}, {6, 4}}), kOutputs), wanted));
}

TEST(RawOutput, IsFloat64WhereFloat32HasTooFewDigits) {
  const at::Tensor wanted = at::tensor({2e7, 5.0, 2e7 - 6, 3.0}, at::kDouble).view({2, 2});
  EXPECT_TRUE(at::equal(given(prices({{2e7, 3}, {1, 4}}), kOutputs), wanted));
}

TEST(RawOutput, IsTheOutputItselfWithoutScales) {
  EXPECT_TRUE(at::equal(given(prices({}), kOutputs), kOutputs));
  GraphBuilder g("test", 1);
  const Handle x = g.input("y", {2}, at::kFloat);
  EXPECT_EQ(in_target_units(g, x, prices({})).id, x.id);
}

}  // namespace
}  // namespace maas
