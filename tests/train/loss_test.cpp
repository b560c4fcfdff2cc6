// Against the formulas, in doubles; tests/interop/training_reference_test.py asks PyTorch itself.
#include "train/loss.h"

#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <cmath>

#include "call/builder.h"
#include "run/plan.h"
#include "train/small_job.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Row = std::vector<double>;

const std::vector<Row> kLogits = {{2, -1, 0.5}, {0, 3, -2}, {-1, 0, 1}, {1, 1, 1}};
const std::vector<int64_t> kClasses = {0, 2, 1, 1};

at::Tensor matrix(const std::vector<Row>& rows) {
  Row flat;
  for (const Row& row : rows) flat.insert(flat.end(), row.begin(), row.end());
  return at::tensor(flat, at::kFloat).view({static_cast<int64_t>(rows.size()), -1});
}

TaskSpec task(TaskKind kind, size_t outputs = 3) {
  return {kind, std::vector<std::string>(outputs, "x")};
}

// Of outputs [B, K], or [B].
double value(const LossConfig& config, TaskKind kind, const at::Tensor& outputs,
             const at::Tensor& targets) {
  GraphBuilder g("outputs", 1);
  const std::vector<int64_t> sample = outputs.sizes().slice(1).vec();
  const Handle x = g.input("x", sample, at::kFloat);
  const size_t width = sample.empty() ? 1 : static_cast<size_t>(sample[0]);
  const Program loss = with_loss(g.finish({{"y", x}}), config, task(kind, width));
  return Plan::compile(loss)->run({outputs, targets}).at(0).item<double>();
}

double log_probability(const Row& logits, size_t k) {
  double sum = 0;
  for (const double x : logits) sum += std::exp(x);
  return logits[k] - std::log(sum);
}

// sum_i w(y_i) ((1 - s) nll_i + s / K sum_k w_k / w(y_i) nll_ik) / sum_i w(y_i)
double cross_entropy(const Row& weights, double smoothing) {
  double sum = 0, total = 0;
  for (size_t i = 0; i < kLogits.size(); ++i) {
    const auto target = static_cast<size_t>(kClasses[i]);
    sum -= (1 - smoothing) * weights[target] * log_probability(kLogits[i], target);
    for (size_t k = 0; k < 3; ++k) {
      sum -= smoothing / 3 * weights[k] * log_probability(kLogits[i], k);
    }
    total += weights[target];
  }
  return sum / total;
}

TEST(Loss, IsTheCrossEntropyOfClasses) {
  const at::Tensor targets = at::tensor(kClasses, at::kLong);
  EXPECT_NEAR(value({}, TaskKind::kClassification, matrix(kLogits), targets),
              cross_entropy({1, 1, 1}, 0), 1e-6);
  LossConfig config;
  config.label_smoothing = 0.2;
  EXPECT_NEAR(value(config, TaskKind::kClassification, matrix(kLogits), targets),
              cross_entropy({1, 1, 1}, 0.2), 1e-6);
  config.class_weights = {"0.5", "2", "3"};
  EXPECT_NEAR(value(config, TaskKind::kClassification, matrix(kLogits), targets),
              cross_entropy({0.5, 2, 3}, 0.2), 1e-6);
}

TEST(Loss, StaysFiniteForHugeLogits) {
  const at::Tensor logits = matrix({{1e4, -1e4, 0}, {-1e4, 1e4, 0}});
  EXPECT_EQ(value({}, TaskKind::kClassification, logits, at::tensor({0, 1}, at::kLong)), 0);
  EXPECT_EQ(value({}, TaskKind::kClassification, logits, at::tensor({1, 0}, at::kLong)), 2e4);
  const at::Tensor none = matrix({{0, 1, 0}, {1, 0, 0}});
  EXPECT_TRUE(std::isfinite(value({}, TaskKind::kMultiLabel, logits, none)));
}

TEST(Loss, WeighsPartsOfABatchByTheirSamplesOrClassWeights) {
  const at::Tensor targets = at::tensor(kClasses, at::kLong);
  LossConfig config;
  EXPECT_EQ(loss_weight(config, targets), 4);
  config.class_weights = {"1", "0.25", "3"};
  EXPECT_EQ(loss_weight(config, targets), 4.5);
  EXPECT_EQ(loss_weight(config, matrix(kLogits)), 4);
}

TEST(Loss, IsTheBinaryCrossEntropyOfLabels) {
  const std::vector<Row> truths = {{1, 0, 1}, {0, 0, 0}, {1, 1, 1}, {0, 1, 0}};
  for (const Row& weights : {Row{}, Row{1, 4, 0.5}}) {
    double sum = 0;
    for (size_t i = 0; i < truths.size(); ++i) {
      for (size_t k = 0; k < 3; ++k) {
        const double p = 1 / (1 + std::exp(-kLogits[i][k]));
        const double weight = weights.empty() ? 1 : weights[k];
        sum -= weight * (truths[i][k] > 0 ? std::log(p) : std::log(1 - p));
      }
    }
    LossConfig config;
    for (const double weight : weights) config.class_weights.push_back(std::to_string(weight));
    EXPECT_NEAR(value(config, TaskKind::kMultiLabel, matrix(kLogits), matrix(truths)), sum / 12,
                1e-6);
  }
}

TEST(Loss, IsAMeanOfErrorsForNumbers) {
  const std::vector<Row> truths = {{1, 0, 1}, {0, 0, 0}, {1, 1, 1}, {0, 1, 0}};
  double squares = 0, absolutes = 0, hubers = 0;
  constexpr double kDelta = 1.5;
  for (size_t i = 0; i < truths.size(); ++i) {
    for (size_t k = 0; k < 3; ++k) {
      const double error = std::abs(kLogits[i][k] - truths[i][k]);
      squares += error * error / 12;
      absolutes += error / 12;
      hubers += (error <= kDelta ? error * error / 2 : kDelta * (error - kDelta / 2)) / 12;
    }
  }
  const auto measured = [&](const char* type) {
    LossConfig config;
    config.type = type;
    config.delta = kDelta;
    return value(config, TaskKind::kRegression, matrix(kLogits), matrix(truths));
  };
  EXPECT_NEAR(measured("auto"), squares, 1e-6);
  EXPECT_NEAR(measured("mse"), squares, 1e-6);
  EXPECT_NEAR(measured("mae"), absolutes, 1e-6);
  EXPECT_NEAR(measured("huber"), hubers, 1e-6);
}

// [4] against [4, 1] would otherwise be compared as [4, 4].
TEST(Loss, TakesAVectorForASingleTarget) {
  const at::Tensor outputs = at::tensor({1.0, 2.0, 3.0, 4.0}, at::kFloat);
  const at::Tensor targets = at::tensor({1.0, 2.0, 3.0, 6.0}, at::kFloat).view({4, 1});
  for (const auto& [type, expected] :
       std::vector<std::pair<const char*, double>>{{"mse", 1}, {"mae", 0.5}, {"huber", 0.375}}) {
    LossConfig config;
    config.type = type;
    EXPECT_DOUBLE_EQ(value(config, TaskKind::kRegression, outputs, targets), expected) << type;
  }
  EXPECT_NEAR(value({}, TaskKind::kMultiLabel, at::tensor({0.0, 0.0}, at::kFloat),
                    at::tensor({0.0, 1.0}, at::kFloat).view({2, 1})),
              std::log(2), 1e-6);
}

// Targets around 400 and around 0.2, deviations 100 and 0.1: errors of one deviation count alike.
TEST(Loss, IsMeasuredInTheDeviationsOfTheTargets) {
  const at::Tensor targets = matrix({{400, 0.2}, {600, 0.3}, {200, 0.1}});
  const at::Tensor outputs = matrix({{500, 0.2}, {600, 0.5}, {200, 0.1}});
  TaskSpec prices = task(TaskKind::kRegression, 2);
  prices.scales = {{400, 100}, {0.2, 0.1}};
  for (const auto& [type, expected] : std::vector<std::pair<const char*, double>>{
           {"mse", 5.0 / 6}, {"mae", 3.0 / 6}, {"huber", 2.0 / 6}}) {
    GraphBuilder g("outputs", 1);
    const Handle x = g.input("x", {2}, at::kFloat);
    LossConfig config;
    config.type = type;
    const Program loss = with_loss(g.finish({{"y", x}}), config, prices);
    EXPECT_NEAR(Plan::compile(loss)->run({outputs, targets}).at(0).item<double>(), expected, 1e-5)
        << type;
  }
}

std::string refusal(const LossConfig& config, TaskKind kind) {
  return error_of(ErrorKind::kUsage, [&] { check_loss(config, task(kind)); });
}

TEST(Loss, RefusesWhatDoesNotFitTheTask) {
  LossConfig config;
  config.type = "cross_entropy";
  EXPECT_THAT(refusal(config, TaskKind::kRegression),
              AllOf(HasSubstr("train.loss: 'cross_entropy' for a regression task"),
                    HasSubstr("set it to auto")));
  config.type = "huber";
  EXPECT_THAT(refusal(config, TaskKind::kClassification), HasSubstr("a loss for classification"));
}

TEST(Loss, RefusesSettingsThatItWouldNotUse) {
  LossConfig weights;
  weights.class_weights = {"1", "1", "1"};
  EXPECT_THAT(refusal(weights, TaskKind::kRegression), HasSubstr("is given for mse"));
  LossConfig smoothing;
  smoothing.label_smoothing = 0.1;
  EXPECT_THAT(refusal(smoothing, TaskKind::kMultiLabel),
              HasSubstr("train.loss.label_smoothing: is given for binary_cross_entropy"));
}

TEST(Loss, RefusesWeightsThatDoNotFitTheLabels) {
  LossConfig config;
  config.class_weights = {"1", "2"};
  EXPECT_THAT(refusal(config, TaskKind::kClassification),
              AllOf(HasSubstr("2 weights"), HasSubstr("3, one a label")));
}

TEST(Loss, BalancedWeightsCountRareClassesForMore) {
  LossConfig config;
  config.class_weights = {"balanced"};
  const TaskSpec three = task(TaskKind::kClassification, 3);
  const LossConfig counted =
      with_counted_weights(config, at::tensor({0, 0, 0, 1, 1, 1, 1, 1}, at::kLong), three);
  // 8 / (3 * 3), 8 / (3 * 5), and 1 for what is not there.
  EXPECT_EQ(counted.class_weights,
            (std::vector<std::string>{"0.8888888888888888", "0.5333333333333333", "1"}));
  EXPECT_THAT(refusal(config, TaskKind::kMultiLabel), HasSubstr("'balanced' for a multi_label"));
  config.class_weights = {"1", "balanced", "2"};
  EXPECT_THAT(refusal(config, TaskKind::kClassification),
              AllOf(HasSubstr("'balanced'"), HasSubstr("numbers above 0, or balanced alone")));
  config.class_weights = {"1", "0", "2"};
  EXPECT_THAT(refusal(config, TaskKind::kClassification), HasSubstr("'0'"));
}

TEST(Losses, CompareWhatOnlyFloat64TellsApart) {
  TaskSpec spec = task(TaskKind::kRegression, 1);
  spec.scales = {{1e12, 2}};
  GraphBuilder g("outputs", 1);
  const Program loss = with_loss(g.finish({{"y", g.input("y", {1}, at::kDouble)}}), {}, spec);
  const at::Tensor outputs = at::tensor({1e12 + 1, 1e12 - 3}, at::kDouble).view({2, 1});
  const at::Tensor targets = at::tensor({1e12 + 3, 1e12 - 1}, at::kDouble).view({2, 1});
  EXPECT_EQ(Plan::compile(loss)->run({outputs, targets}).at(0).item<double>(), 1);
}

}  // namespace
}  // namespace maas
