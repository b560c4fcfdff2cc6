#include "transform/transform.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/remainder.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <cmath>

#include "support/scratch.h"
#include "transform/transform_report.h"

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
  const Error error = gate_error(report, "--keep writes it");
  EXPECT_EQ(error.kind(), ErrorKind::kRequirement);
  EXPECT_THAT(error.what(), HasSubstr("0.90000 after, 0.98000 before"));
  EXPECT_THAT(error.what(), HasSubstr("at most 0.005"));
  EXPECT_THAT(error.what(), HasSubstr("--keep writes it"));
  EXPECT_THAT(gate_error(report, "").what(), testing::Not(HasSubstr("keep")));
}

TEST(GateResult, CountsRowsWhereASingleOneIsMoreThanMayBeLost) {
  GateResult gate = judge("accuracy", 47.0 / 48, 46.0 / 48, 0.005);
  EXPECT_EQ(gate.became(), "worse by 0.02083");
  gate.rows = 48;
  EXPECT_EQ(gate.became(), "worse by 0.02083, 1 of 48 rows");
  gate.rows = 200;  // of which one may be lost
  EXPECT_EQ(gate.became(), "worse by 0.02083");
}

TransformReport report_of(double before_ms, double after_ms) {
  TransformReport report;
  report.verb = "quantize";
  report.before.bytes = report.after.bytes = 12000;
  for (const int64_t batch : {1, 64}) {
    report.before.latency[batch] = {before_ms, before_ms};
    report.after.latency[batch] = {after_ms, after_ms};
  }
  return report;
}

TEST(NoGain, IsSaidWhereTheResultIsSlowerEverywhereOrLarger) {
  TransformReport report = report_of(1, 2);
  EXPECT_EQ(no_gain_text(report),
            "quantize: the result is slower: 2 ms instead of 1 at batch 1, 2 ms instead of 1 at "
            "batch 64");
  report.after.bytes = 13000;
  EXPECT_THAT(no_gain_text(report),
              testing::EndsWith("batch 64; and it has a larger file: 13.0 kB instead of 12.0 kB"));
  report.after.latency[64] = {0.9, 0.9};
  EXPECT_EQ(no_gain_text(report),
            "quantize: the result has a larger file: 13.0 kB instead of 12.0 kB");
}

TEST(NoGain, IsNotSaidOfWhatABusyMachineGives) {
  EXPECT_EQ(no_gain_text(report_of(1, 1.04)), "");
  EXPECT_EQ(no_gain_text(report_of(1, 0.5)), "");
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
