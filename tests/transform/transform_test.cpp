#include "transform/transform.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <cmath>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

TEST(Judge, CountsInTheMetricsDirection) {
  EXPECT_TRUE(judge("accuracy", 0.98, 0.975, 0.005).is_met);
  EXPECT_FALSE(judge("accuracy", 0.98, 0.9749, 0.005).is_met);
  EXPECT_TRUE(judge("accuracy", 0.98, 0.99, 0).is_met);
  EXPECT_FALSE(judge("nll", 0.10, 0.12, 0.005).is_met);
  EXPECT_TRUE(judge("nll", 0.10, 0.05, 0.005).is_met);
  EXPECT_NEAR(judge("nll", 0.10, 0.12, 0.005).drop, 0.02, 1e-12);
}

TEST(Judge, TakesErrorsInUnitsOfTheTargetAsAShare) {
  EXPECT_TRUE(judge("rmse", 51000, 51020, 0.005).is_met);
  EXPECT_FALSE(judge("mae", 0.001, 0.0011, 0.005).is_met);
  EXPECT_NEAR(judge("mae", 0.001, 0.0011, 0.005).drop, 0.1, 1e-12);
  EXPECT_FALSE(judge("rmse", 0, 1, 0.005).is_met);
}

TEST(Judge, NaNMeetsNothing) { EXPECT_FALSE(judge("accuracy", 0.98, std::nan(""), 1).is_met); }

TEST(GateError, SaysWhatWasFoundAndWhatIsAllowed) {
  TransformReport report;
  report.gate = judge("accuracy", 0.98, 0.9, 0.005);
  const Error error = gate_error(report);
  EXPECT_EQ(error.kind(), ErrorKind::kRequirement);
  EXPECT_THAT(error.what(), HasSubstr("0.90000 after, 0.98000 before"));
  EXPECT_THAT(error.what(), HasSubstr("at most 0.005"));
}

// Wilson, 8 of 10 right: 0.490 to 0.943 (Brown, Cai, DasGupta 2001, formula 4).
TEST(MetricInterval, OfASmallShareIsWilsons) {
  Predictions predictions;
  predictions.targets = at::tensor({0, 0, 0, 0, 0, 0, 0, 0, 1, 1}, at::kLong);
  predictions.outputs = at::tensor({1.0F, 0.0F}).expand({10, 2}).contiguous();
  const Interval interval = metric_interval("accuracy", predictions);
  EXPECT_NEAR(interval.low, 0.4902, 1e-3);
  EXPECT_NEAR(interval.high, 0.9433, 1e-3);
}

TEST(MetricInterval, OfOthersHoldsTheMetricAndIsTheSameEachTime) {
  Predictions predictions;
  predictions.task = TaskKind::kRegression;
  predictions.targets = at::arange(50, at::kFloat).view({50, 1});
  predictions.outputs = predictions.targets + at::remainder(predictions.targets, 3);
  const double mae = compute_metrics(predictions, {"mae"}).values.at("mae");
  const Interval first = metric_interval("mae", predictions);
  const Interval again = metric_interval("mae", predictions);
  EXPECT_LT(first.low, mae);
  EXPECT_GT(first.high, mae);
  EXPECT_EQ(first.low, again.low);
  EXPECT_EQ(first.high, again.high);
}

Predictions of(const at::Tensor& outputs, TaskKind task, std::vector<double> thresholds = {}) {
  Predictions predictions;
  predictions.outputs = outputs;
  predictions.task = task;
  predictions.thresholds = std::move(thresholds);
  return predictions;
}

TEST(Agreement, TakesNoNumberForNoAnswer) {
  const at::Tensor a = at::tensor({1.0F, 0.0F, NAN, 1.0F, NAN, 2.0F}).view({3, 2});
  const at::Tensor b = at::tensor({1.0F, 0.0F, NAN, 1.0F, 9.0F, 2.0F}).view({3, 2});
  EXPECT_EQ(agreement(of(a, TaskKind::kClassification), of(a, TaskKind::kClassification)), 1);
  EXPECT_NEAR(agreement(of(a, TaskKind::kClassification), of(b, TaskKind::kClassification)),
              2.0 / 3, 1e-12);
  EXPECT_NEAR(agreement(of(a, TaskKind::kMultiLabel), of(b, TaskKind::kMultiLabel)), 5.0 / 6,
              1e-12);
}

TEST(Agreement, GoesByTheThresholds) {
  const at::Tensor a = at::tensor({1.0F, 0.0F, 0.0F, 3.0F}).view({2, 2});
  const at::Tensor b = at::tensor({3.0F, 0.0F, 0.0F, 3.0F}).view({2, 2});
  const std::vector<double> rare = {0.9, 0.1};  // a lead of 2.2 is too little for class 0
  const auto one = TaskKind::kClassification, several = TaskKind::kMultiLabel;
  EXPECT_EQ(agreement(of(a, one), of(b, one)), 1);
  EXPECT_EQ(agreement(of(a, one, rare), of(b, one, rare)), 0.5);
  EXPECT_EQ(agreement(of(a, one, rare), of(a, one)), 0.5);
  EXPECT_EQ(agreement(of(a, several), of(b, several)), 1);
  EXPECT_EQ(agreement(of(a, several, rare), of(b, several, rare)), 0.75);
}

TEST(Agreement, CountsRowsWithTheSameAnswer) {
  const at::Tensor a = at::tensor({1.0F, 0.0F, 0.0F, 1.0F, 3.0F, 2.0F}).view({3, 2});
  const at::Tensor b = at::tensor({2.0F, 0.0F, 1.0F, 0.0F, 9.0F, 2.0F}).view({3, 2});
  EXPECT_NEAR(agreement(of(a, TaskKind::kClassification), of(b, TaskKind::kClassification)),
              2.0 / 3, 1e-12);
  EXPECT_EQ(agreement(of(a, TaskKind::kRegression), of(a, TaskKind::kRegression)), 1);
}

}  // namespace
}  // namespace maas
