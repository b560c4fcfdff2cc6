#include "evaluate/uneven_classes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "evaluate/answers.h"
#include "evaluate/average_precision.h"
#include "evaluate/class_notes.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Truth 0 0 1 1 2, predicted 0 1 1 1 0.
Predictions five_rows() {
  return from_shares({.7, .2, .1, .3, .6, .1, .1, .8, .1, .2, .5, .3, .6, .3, .1}, {0, 0, 1, 1, 2});
}

// The numbers are those of scikit-learn 1.9 for the same rows.
TEST(UnevenClasses, HaveTheMetricsOfScikitLearn) {
  EXPECT_NEAR(metric_of(five_rows(), "balanced_accuracy"), 0.5, 1e-12);
  EXPECT_NEAR(metric_of(five_rows(), "mcc"), 0.36084391824351614, 1e-12);
  EXPECT_NEAR(metric_of(five_rows(), "average_precision"), 0.6222222222222221, 1e-12);
  EXPECT_NEAR(metric_of(sixty_rows(), "balanced_accuracy"), 0.6587301587301587, 1e-12);
  EXPECT_NEAR(metric_of(sixty_rows(), "mcc"), 0.48680415471832494, 1e-12);
  EXPECT_NEAR(metric_of(sixty_rows(), "average_precision"), 0.7624767895921458, 1e-12);
  EXPECT_NEAR(metric_of(sixty_rows(), "macro_f1"), 0.6521297632408743, 1e-12);
  EXPECT_NEAR(metric_of(sixty_rows(), "roc_auc"), 0.8599215534979422, 1e-12);
}

TEST(UnevenClasses, HaveTheMetricsOfScikitLearnAlsoByThresholds) {
  Predictions predictions = sixty_rows();
  const double nll = metric_of(predictions, "nll");
  predictions.thresholds = {.6, .3, .1};
  EXPECT_NEAR(metric_of(predictions, "accuracy"), 0.5, 1e-12);
  EXPECT_NEAR(metric_of(predictions, "macro_f1"), 0.47372748431491596, 1e-12);
  EXPECT_NEAR(metric_of(predictions, "balanced_accuracy"), 0.6150793650793651, 1e-12);
  EXPECT_NEAR(metric_of(predictions, "mcc"), 0.3384712688931016, 1e-12);
  EXPECT_EQ(metric_of(predictions, "nll"), nll);
}

TEST(UnevenClasses, OfTwoCountTheOneWithFewerRowsForAveragePrecision) {
  const Predictions two = of_two({.1, .4, .35, .8, .4, .4, .9, .2}, {0, 0, 1, 1, 1, 0, 0, 1});
  EXPECT_NEAR(metric_of(two, "average_precision"), 0.4928571428571429, 1e-12);  // of equally many
  const Predictions few = of_two({.1, .4, .35, .8, .4, .6, .9, .2}, {1, 1, 1, 1, 1, 0, 0, 1});
  EXPECT_NEAR(metric_of(few, "average_precision"), 0.2083333333333333, 1e-12);
  EXPECT_NEAR(metric_of(two, "mcc"), 0, 1e-12);
  EXPECT_EQ(metric_of(of_two({.9, .8}, {0, 1}), "mcc"), 0);  // always the same answer
}

TEST(UnevenClasses, OfSeveralLabelsCountFromTheirThresholds) {
  Predictions labels;
  labels.task = TaskKind::kMultiLabel;
  labels.outputs = at::tensor({2., -1., -1., .3, .1, 1.5, -.5, -.2}, at::kDouble).view({4, 2});
  labels.targets = at::tensor({1., 0., 0., 1., 1., 1., 1., 0.}, at::kDouble).view({4, 2});
  EXPECT_NEAR(metric_of(labels, "accuracy"), 0.75, 1e-12);
  labels.thresholds = {.35, .5};  // a logit of -0.62
  EXPECT_NEAR(metric_of(labels, "accuracy"), 1, 1e-12);
  labels.thresholds = {.5, .9};
  EXPECT_NEAR(metric_of(labels, "accuracy"), 0.25, 1e-12);
  EXPECT_EQ(metric_of(labels, "average_precision"), 1);
}

TEST(Thresholds, DecideWhichLabelIsAnsweredAndLeaveItsProbability) {
  TaskSpec task{.kind = TaskKind::kClassification, .labels = {"a", "b", "c"}};
  const at::Tensor shares = at::tensor({.6F, .3F, .1F}).view({1, 3});
  EXPECT_EQ(answers_of(shares, task, OutputForm::kProbabilities, 2)[0].labels[0].label, "a");
  task.thresholds = {.7, .3, .05};
  const Answer answer = answers_of(shares, task, OutputForm::kProbabilities, 2)[0];
  EXPECT_EQ(answer.labels[0].label, "c");
  EXPECT_FLOAT_EQ(answer.labels[0].probability, .1F);
  EXPECT_EQ(answer.labels[1].label, "b");
}

TEST(Thresholds, DecideWhichOfSeveralLabelsHold) {
  TaskSpec task{.kind = TaskKind::kMultiLabel, .labels = {"a", "b"}};
  const at::Tensor shares = at::tensor({.4F, .6F}).view({1, 2});
  const auto held = [&] {
    return answers_of(shares, task, OutputForm::kProbabilities, 1).at(0).holding;
  };
  EXPECT_THAT(held(), ElementsAre("b"));
  task.thresholds = {.3, .7};
  EXPECT_THAT(held(), ElementsAre("a"));
}

TEST(AveragePrecision, IsNotANumberOfOneKindOfRowsOrOfNaN) {
  EXPECT_TRUE(std::isnan(average_precision({.1, .2}, {false, false})));
  EXPECT_TRUE(std::isnan(average_precision({.1, .2}, {true, true})));
  EXPECT_TRUE(std::isnan(metric_of(of_two({.3, .4}, {1, 1}), "average_precision")));
  EXPECT_TRUE(std::isnan(average_precision({.1, NAN}, {true, false})));
  EXPECT_EQ(average_precision({.2, .2}, {true, false}), 0.5);  // ties are one step
}

TEST(ClassNotes, SayWhichClassesAMetricLeavesOut) {
  const Predictions two = from_shares({.7, .2, .1, .3, .6, .1}, {0, 1});
  EXPECT_THAT(compute_metrics(two, {"accuracy", "roc_auc", "average_precision"}).notes,
              ElementsAre("no row is of 'c2': not counted in roc_auc, average_precision"));
  EXPECT_THAT(compute_metrics(of_two({.3, .4}, {1, 1}), {"roc_auc", "average_precision"}).notes,
              ElementsAre("no row is of 'c0', every row is of 'c1': nothing to tell apart for "
                          "roc_auc, average_precision"));
  EXPECT_THAT(compute_metrics(two, {"accuracy", "nll"}).notes, IsEmpty());
  EXPECT_THAT(compute_metrics(five_rows(), {"roc_auc"}).notes, IsEmpty());
}

TEST(ClassNotes, SayWhichLabelEveryRowHas) {
  Predictions labels;
  labels.task = TaskKind::kMultiLabel;
  labels.labels = {"warm", "wet"};
  labels.outputs = at::tensor({2., -1., -1., .3}, at::kDouble).view({2, 2});
  labels.targets = at::tensor({1., 0., 1., 1.}, at::kDouble).view({2, 2});
  EXPECT_THAT(compute_metrics(labels, {"roc_auc"}).notes,
              ElementsAre("every row is of 'warm': not counted in roc_auc"));
}

TEST(ClassNotes, SayWhichRareClassesTheAccuracyHides) {
  std::vector<double> shares;
  std::vector<int64_t> truth;
  for (int i = 0; i < 100; ++i) {
    truth.push_back(i < 8 ? 1 : 0);
    shares.push_back(i < 2 ? .8 : .1);  // two of eight are found
  }
  const Metrics metrics = compute_metrics(of_two(shares, truth), {"nll"});
  ASSERT_EQ(metrics.notes.size(), 1U);
  EXPECT_THAT(
      metrics.notes[0],
      AllOf(HasSubstr("the accuracy of 0.940 hides"), HasSubstr("'c1' (recall 0.25, 2 of 8 found)"),
            HasSubstr("train.loss.class_weights: balanced"), HasSubstr("eval.threshold")));
  EXPECT_THAT(compute_metrics(five_rows(), {"accuracy"}).notes, IsEmpty());
}

}  // namespace
}  // namespace maas
