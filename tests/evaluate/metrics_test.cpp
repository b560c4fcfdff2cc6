#include "evaluate/metrics.h"

#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"

namespace maas {
namespace {

using testing::HasSubstr;

// Logits that are the logarithms of rows of probabilities, so that softmax gives these back.
Predictions from_probabilities(const std::vector<double>& probabilities, int64_t classes,
                               const std::vector<int64_t>& targets) {
  Predictions predictions;
  const int64_t rows = static_cast<int64_t>(targets.size());
  predictions.outputs = at::tensor(probabilities, at::kDouble).view({rows, classes}).log();
  predictions.targets = at::tensor(targets, at::kLong);
  for (int64_t k = 0; k < classes; ++k) predictions.labels.push_back("c" + std::to_string(k));
  return predictions;
}

// Truth 0 0 1 1 2, predicted 0 1 1 1 0.
Predictions five_rows() {
  return from_probabilities({.7, .2, .1, .3, .6, .1, .1, .8, .1, .2, .5, .3, .6, .3, .1}, 3,
                            {0, 0, 1, 1, 2});
}

double one(const Predictions& predictions, const std::string& name) {
  return compute_metrics(predictions, {name}).values.at(name);
}

TEST(ClassificationMetrics, CountAccuracyAndConfusionWithRowsAsTruth) {
  const Metrics metrics = compute_metrics(five_rows(), {"accuracy"});
  EXPECT_DOUBLE_EQ(metrics.values.at("accuracy"), 3.0 / 5);
  EXPECT_EQ(metrics.samples, 5);
  const at::Tensor expected = at::tensor({1, 1, 0, 0, 2, 0, 1, 0, 0}, at::kLong).view({3, 3});
  EXPECT_TRUE(metrics.confusion.equal(expected));
}

TEST(ClassificationMetrics, AverageOverClassesAsScikitLearnDoes) {
  // precision: 1/2, 2/3, 0/0 = 0; recall: 1/2, 2/2, 0/1; F1: 1/2, 2*2/(2+3), 0.
  const Metrics metrics =
      compute_metrics(five_rows(), {"precision", "recall", "macro_f1", "micro_f1"});
  EXPECT_NEAR(metrics.values.at("precision"), (1.0 / 2 + 2.0 / 3 + 0) / 3, 1e-12);
  EXPECT_NEAR(metrics.values.at("recall"), (1.0 / 2 + 1 + 0) / 3, 1e-12);
  EXPECT_NEAR(metrics.values.at("macro_f1"), (0.5 + 0.8 + 0) / 3, 1e-12);
  EXPECT_NEAR(metrics.values.at("micro_f1"), 0.6, 1e-12);
  ASSERT_EQ(metrics.per_class.size(), 3u);
  EXPECT_EQ(metrics.per_class[1].label, "c1");
  EXPECT_EQ(metrics.per_class[1].support, 2);
  EXPECT_EQ(metrics.per_class[1].predicted, 3);
  EXPECT_DOUBLE_EQ(metrics.per_class[1].f1, 0.8);
}

TEST(ClassificationMetrics, LeaveClassesThatNeverOccurOutOfMeans) {
  const Predictions predictions =
      from_probabilities({.7, .2, .1, .3, .6, .1}, 3, {0, 1});  // class 2 occurs nowhere
  EXPECT_DOUBLE_EQ(one(predictions, "macro_f1"), 1);
}

TEST(ClassificationMetrics, TakeProbabilitiesFromLogits) {
  // -(ln .7 + ln .3 + ln .8 + ln .5 + ln .1) / 5
  EXPECT_NEAR(one(five_rows(), "nll"), -std::log(.7 * .3 * .8 * .5 * .1) / 5, 1e-12);
  // (.09+.04+.01) + (.49+.36+.01) + (.01+.04+.01) + (.04+.25+.09) + (.36+.09+.81), over 5 rows
  EXPECT_NEAR(one(five_rows(), "brier"), (.14 + .86 + .06 + .38 + 1.26) / 5, 1e-12);
}

TEST(ClassificationMetrics, StayFiniteForHugeLogits) {
  Predictions predictions = five_rows();
  predictions.outputs = at::tensor({1e4, -1e4, 1e4, -1e4}, at::kDouble).view({2, 2});
  predictions.targets = at::tensor({0, 1}, at::kLong);
  predictions.labels = {"a", "b"};
  EXPECT_DOUBLE_EQ(one(predictions, "nll"), 2e4 / 2);
  EXPECT_DOUBLE_EQ(one(predictions, "brier"), 1);
}

TEST(ClassificationMetrics, MeasureCalibrationInFifteenBins) {
  // Confidences .7 .6 .8 .5 .6 lie in bins (10/15, 11/15], (8/15, 9/15], (11/15, 12/15],
  // (7/15, 8/15], and again (8/15, 9/15]. |accuracy - confidence| weighted by rows:
  // .3 + 2 * |0 - .6| + .2 + .5, over 5.
  EXPECT_NEAR(one(five_rows(), "ece"), (.3 + 1.2 + .2 + .5) / 5, 1e-12);
}

TEST(ClassificationMetrics, CountTopKByRank) {
  // Ranks of the truth: 0, 1, 0, 0, 2.
  EXPECT_DOUBLE_EQ(one(five_rows(), "top_1"), 0.6);
  EXPECT_DOUBLE_EQ(one(five_rows(), "top_2"), 0.8);
  EXPECT_DOUBLE_EQ(one(five_rows(), "top_3"), 1);
}

TEST(ClassificationMetrics, GiveEqualLogitsToTheFirstClass) {
  Predictions predictions = five_rows();
  predictions.outputs = at::tensor({1., 1., 1., 1., 1., 1.}, at::kDouble).view({2, 3});
  predictions.targets = at::tensor({0, 2}, at::kLong);
  EXPECT_DOUBLE_EQ(one(predictions, "accuracy"), 0.5);
  EXPECT_DOUBLE_EQ(one(predictions, "top_2"), 0.5);
}

TEST(ClassificationMetrics, AgreeWithTheBinaryAreaOfScikitLearn) {
  // roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) = 0.75 (its documentation's example)
  const Predictions predictions =
      from_probabilities({.9, .1, .6, .4, .65, .35, .2, .8}, 2, {0, 0, 1, 1});
  EXPECT_DOUBLE_EQ(one(predictions, "roc_auc"), 0.75);
}

TEST(ClassificationMetrics, AverageTheAreasOfEachClassAgainstTheRest) {
  // Scores of class 0: .7 .3 | .1 .2 .6: 5 of 6 pairs; class 1: .8 .5 | .2 .6 .3: 5 of 6;
  // class 2: .1 | .1 .1 .1 .3: three ties and a loss: 1.5 of 4.
  EXPECT_NEAR(one(five_rows(), "roc_auc"), (5.0 / 6 + 5.0 / 6 + 1.5 / 4) / 3, 1e-12);
}

TEST(ClassificationMetrics, AreNotANumberForBrokenLogits) {
  Predictions predictions = five_rows();
  predictions.outputs.fill_(std::numeric_limits<double>::quiet_NaN());
  for (const char* name : {"nll", "ece", "brier", "roc_auc"}) {
    EXPECT_TRUE(std::isnan(one(predictions, name))) << name;
  }
  EXPECT_DOUBLE_EQ(one(predictions, "top_2"), 0);
}

TEST(ClassificationMetrics, CountRowsWithoutAnAnswerAsWrong) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  Predictions predictions = five_rows();
  predictions.outputs =
      at::tensor({3., nan, 0., nan, nan, nan, inf, 0., 0., -inf, 1., -inf}, at::kDouble)
          .view({4, 3});
  predictions.targets = at::tensor({0, 0, 0, 1}, at::kLong);
  const Metrics metrics = compute_metrics(predictions, {"accuracy", "recall"});
  EXPECT_DOUBLE_EQ(metrics.values.at("accuracy"), 0.25);  // only the last, where p is 0, 1, 0
  EXPECT_EQ(metrics.not_numbers, 3);
  EXPECT_EQ(metrics.confusion.sum().item<int64_t>(), 1);
  EXPECT_EQ(metrics.per_class[0].support, 3);
  EXPECT_EQ(metrics.per_class[0].predicted, 0);
}

TEST(ClassificationMetrics, RankEqualProbabilitiesOfOtherLogitsEqually) {
  // Rows of the same probabilities, whose logits differ by a constant that float32 rounds not.
  Predictions predictions = five_rows();
  predictions.outputs =
      at::tensor({0.1F, 0.3F, 0.2F, 8.1F, 8.3F, 8.2F, 0.2F, 0.1F, 0.3F}, at::kFloat).view({3, 3});
  predictions.outputs[1] = predictions.outputs[0].add(8);
  predictions.outputs[0] = predictions.outputs[1].sub(8);
  predictions.targets = at::tensor({0, 1, 1}, at::kLong);
  // Class 0: a tie of row 0 with row 1, behind row 2: 0.5 of 2. Class 1: a tie and one above: 1.5
  // of 2 pairs less the last row's. Class 2 has no rows.
  EXPECT_NEAR(one(predictions, "roc_auc"), (0.25 + 0.25) / 2, 1e-12);
}

TEST(ClassificationMetrics, RankTwoClassesByTheDifferenceOfTheirLogits) {
  // roc_auc_score([0, 1, 1, 0], logit 1 - logit 0): 40 > 39 = 39 > 38, though all p are 1 - 1e-17.
  Predictions predictions = five_rows();
  predictions.labels = {"a", "b"};
  predictions.outputs = at::tensor({0., 38., 0., 40., 1., 40., -1., 38.}, at::kDouble).view({4, 2});
  predictions.targets = at::tensor({0, 1, 1, 0}, at::kLong);
  EXPECT_DOUBLE_EQ(one(predictions, "roc_auc"), 0.875);
}

Predictions three_labels() {
  Predictions predictions;
  predictions.task = TaskKind::kMultiLabel;
  predictions.labels = {"a", "b", "c"};
  // A label is predicted when its logit is above 0.
  predictions.outputs =
      at::tensor({2., -1., 3., -2., 1., -3., 1., 1., -1., -1., -2., -2.}, at::kDouble).view({4, 3});
  predictions.targets =
      at::tensor({1., 0., 1., 0., 0., 0., 1., 1., 0., 0., 1., 0.}, at::kDouble).view({4, 3});
  return predictions;
}

TEST(MultiLabelMetrics, CountRowsAndLabels) {
  // a: 2 hits of 2 and 2; b: 1 hit, 2 true, 2 predicted; c: 1 hit of 1 and 1.
  const Metrics metrics =
      compute_metrics(three_labels(), {"accuracy", "macro_f1", "micro_f1", "precision", "recall"});
  EXPECT_DOUBLE_EQ(metrics.values.at("accuracy"), 0.5);  // rows 0 and 2
  EXPECT_NEAR(metrics.values.at("macro_f1"), (1 + 0.5 + 1) / 3, 1e-12);
  EXPECT_NEAR(metrics.values.at("micro_f1"), 2 * 4.0 / (5 + 5), 1e-12);
  EXPECT_NEAR(metrics.values.at("precision"), (1 + 0.5 + 1) / 3, 1e-12);
  EXPECT_FALSE(metrics.confusion.defined());
}

TEST(MultiLabelMetrics, CountALabelWithoutPositivesAsScikitLearnDoes) {
  // f1_score(t, y, average="macro", zero_division=0) = (1 + 0) / 2
  Predictions predictions = three_labels();
  predictions.labels = {"a", "b"};
  predictions.outputs = at::tensor({2., -1., -2., -1.}, at::kDouble).view({2, 2});
  predictions.targets = at::tensor({1., 0., 0., 0.}, at::kDouble).view({2, 2});
  for (const char* name : {"macro_f1", "precision", "recall"}) {
    EXPECT_DOUBLE_EQ(one(predictions, name), 0.5) << name;
  }
}

TEST(MultiLabelMetrics, TakeALogitThatIsNoNumberAsWrong) {
  Predictions predictions = three_labels();
  predictions.outputs[1][1] = std::numeric_limits<double>::quiet_NaN();  // truth 0
  predictions.outputs[0][0] = std::numeric_limits<double>::quiet_NaN();  // truth 1
  const Metrics metrics = compute_metrics(predictions, {"accuracy", "nll"});
  EXPECT_DOUBLE_EQ(metrics.values.at("accuracy"), 0.25);  // row 2
  EXPECT_TRUE(std::isnan(metrics.values.at("nll")));
  EXPECT_EQ(metrics.not_numbers, 2);
}

TEST(RegressionMetrics, GiveAConstantTargetThatIsMetAnR2OfOne) {
  Predictions predictions;
  predictions.task = TaskKind::kRegression;
  predictions.targets = at::full({7, 1}, 0.1, at::kDouble);
  predictions.outputs = predictions.targets.clone();
  EXPECT_DOUBLE_EQ(one(predictions, "r2"), 1);
  predictions.outputs += 0.5;
  EXPECT_DOUBLE_EQ(one(predictions, "r2"), 0);
}

TEST(RegressionMetrics, OfSeveralTargetsAreToldOfEach) {
  Predictions predictions;
  predictions.task = TaskKind::kRegression;
  predictions.labels = {"price", "age"};
  predictions.targets = at::tensor({1., 10., 3., 30.}, at::kDouble).view({2, 2});
  predictions.outputs = at::tensor({2., 10., 4., 26.}, at::kDouble).view({2, 2});
  const Metrics metrics = compute_metrics(predictions, {"mae", "rmse"});
  ASSERT_EQ(metrics.per_target.size(), 2U);
  EXPECT_EQ(metrics.per_target[1].target, "age");
  EXPECT_DOUBLE_EQ(metrics.per_target[0].values.at("mae"), 1);
  EXPECT_DOUBLE_EQ(metrics.per_target[1].values.at("rmse"), std::sqrt(8));
  EXPECT_DOUBLE_EQ(metrics.values.at("mae"), 1.5);
  predictions.targets = predictions.outputs = at::full({2, 1}, 0., at::kDouble);
  predictions.labels = {"price"};
  EXPECT_TRUE(compute_metrics(predictions, {"mae"}).per_target.empty());
}

TEST(MultiLabelMetrics, AverageTheAreasOfTheLabels) {
  // a: 2 1 over -2 -1: 1; b: positives 1 -2, negatives -1 1: 1.5 of 4; c: 3 over the rest: 1.
  EXPECT_NEAR(one(three_labels(), "roc_auc"), (1 + 1.5 / 4 + 1) / 3, 1e-12);
}

TEST(MultiLabelMetrics, TakeTheBinaryLikelihoodOfEachLabel) {
  Predictions predictions = three_labels();
  predictions.outputs = at::tensor({0., std::log(3.)}, at::kDouble).view({1, 2});
  predictions.targets = at::tensor({1., 0.}, at::kDouble).view({1, 2});
  predictions.labels = {"a", "b"};
  // p = .5 and .75: -(ln .5 + ln .25) / 2 and (.25 + .5625) / 2
  EXPECT_NEAR(one(predictions, "nll"), -std::log(.5 * .25) / 2, 1e-12);
  EXPECT_NEAR(one(predictions, "brier"), (.25 + .5625) / 2, 1e-12);
}

Predictions values(const std::vector<double>& outputs, const std::vector<double>& targets) {
  Predictions predictions;
  predictions.task = TaskKind::kRegression;
  const int64_t rows = static_cast<int64_t>(outputs.size());
  predictions.outputs = at::tensor(outputs, at::kDouble).view({rows, 1});
  predictions.targets = at::tensor(targets, at::kDouble).view({rows, 1});
  return predictions;
}

TEST(RegressionMetrics, AgreeWithScikitLearnsExamples) {
  // y_true = [3, -0.5, 2, 7], y_pred = [2.5, 0, 2, 8]: mae 0.5, mse 0.375, r2 0.9486081370449679
  const Metrics metrics =
      compute_metrics(values({2.5, 0, 2, 8}, {3, -0.5, 2, 7}), {"mae", "rmse", "r2"});
  EXPECT_DOUBLE_EQ(metrics.values.at("mae"), 0.5);
  EXPECT_DOUBLE_EQ(metrics.values.at("rmse"), std::sqrt(0.375));
  EXPECT_NEAR(metrics.values.at("r2"), 0.9486081370449679, 1e-15);
}

TEST(RegressionMetrics, AverageOverTargets) {
  // y_true = [[0.5, 1], [-1, 1], [7, -6]], y_pred = [[0, 2], [-1, 2], [8, -5]]:
  // mae 0.75, rmse (sqrt(1.25/3) + 1)/2, r2 0.9368005266622779 (scikit-learn's examples)
  Predictions predictions = values({}, {});
  predictions.targets = at::tensor({.5, 1., -1., 1., 7., -6.}, at::kDouble).view({3, 2});
  predictions.outputs = at::tensor({0., 2., -1., 2., 8., -5.}, at::kDouble).view({3, 2});
  const Metrics metrics = compute_metrics(predictions, {"mae", "rmse", "r2"});
  EXPECT_DOUBLE_EQ(metrics.values.at("mae"), 0.75);
  EXPECT_NEAR(metrics.values.at("rmse"), (std::sqrt(1.25 / 3) + 1) / 2, 1e-12);
  EXPECT_NEAR(metrics.values.at("r2"), 0.9368005266622779, 1e-12);
}

TEST(RegressionMetrics, AreFiniteForAConstantTarget) {
  EXPECT_DOUBLE_EQ(one(values({2, 2}, {2, 2}), "r2"), 1);
  EXPECT_DOUBLE_EQ(one(values({2, 3}, {2, 2}), "r2"), 0);
}

TEST(RegressionMetrics, AreNotANumberForNaNAlsoOfAConstantTarget) {
  for (const double last : {2, 3}) {
    const Metrics metrics =
        compute_metrics(values({2, std::nan("")}, {2, last}), {"mae", "rmse", "r2"});
    for (const auto& [name, value] : metrics.values) EXPECT_TRUE(std::isnan(value)) << name;
  }
}

TEST(RegressionMetrics, RelativeErrorsAreThoseOfScikitLearn) {
  EXPECT_NEAR(one(values({2.5, 0, 2, 8}, {3, -0.5, 2, 7}), "mape"), 0.3273809523809524, 1e-12);
  EXPECT_NEAR(one(values({1, 1}, {0, 1}), "mape") / 2251799813685248.0, 1, 1e-12);
}

std::string message_of(const Predictions& predictions, const std::string& name, ErrorKind kind) {
  try {
    compute_metrics(predictions, {name});
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    return error.what();
  }
  return "no error";
}

TEST(Metrics, SuggestsTheNameThatWasMeant) {
  EXPECT_THAT(message_of(five_rows(), "acuracy", ErrorKind::kUsage),
              HasSubstr("unknown metric 'acuracy'; did you mean 'accuracy'?"));
  EXPECT_THAT(message_of(five_rows(), "top_x", ErrorKind::kUsage), HasSubstr("unknown metric"));
  EXPECT_THAT(message_of(five_rows(), "top_0", ErrorKind::kUsage), HasSubstr("unknown metric"));
}

TEST(Metrics, SaysWhenAMetricDoesNotFitTheTask) {
  EXPECT_THAT(message_of(five_rows(), "rmse", ErrorKind::kUsage),
              HasSubstr("metric 'rmse' is for regression, the task is classification"));
  EXPECT_THAT(message_of(values({1}, {1}), "top_5", ErrorKind::kUsage),
              HasSubstr("metric 'top_5' is for classification, the task is regression"));
  EXPECT_THAT(message_of(five_rows(), "top_5", ErrorKind::kUsage), HasSubstr("at most top_3"));
}

TEST(Metrics, RefusesWhatDoesNotFitTogether) {
  Predictions predictions = five_rows();
  predictions.targets = at::tensor({0, 0, 1, 1, 3}, at::kLong);
  EXPECT_THAT(message_of(predictions, "nll", ErrorKind::kInput), HasSubstr("target 3 in row 4"));
  predictions.targets = at::tensor({0, 0}, at::kLong);
  EXPECT_THAT(message_of(predictions, "nll", ErrorKind::kInput), HasSubstr("targets of shape [2]"));
  predictions = five_rows();
  predictions.labels.pop_back();
  EXPECT_THAT(message_of(predictions, "nll", ErrorKind::kInput), HasSubstr("gives 3 outputs"));
  EXPECT_THAT(message_of(values({}, {}), "mae", ErrorKind::kInput), HasSubstr("no rows"));
}

TEST(Metrics, ComputesEveryNameThatItLists) {
  for (TaskKind task : {TaskKind::kClassification, TaskKind::kMultiLabel, TaskKind::kRegression}) {
    std::vector<std::string> names = metric_names(task);
    EXPECT_NO_THROW(check_metric_names(names, task, "eval.metrics"));
    EXPECT_NO_THROW(check_metric_names(default_metrics(task), task, "eval.metrics"));
  }
  EXPECT_TRUE(higher_is_better("accuracy"));
  EXPECT_FALSE(higher_is_better("rmse"));
}

}  // namespace
}  // namespace maas
