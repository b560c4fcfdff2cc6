#include "evaluate/tune_thresholds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "base/error.h"
#include "evaluate/uneven_classes.h"

namespace maas {
namespace {

using testing::Each;

// The rare class has the higher probabilities, but none above a half.
Predictions rare_and_timid() {
  std::vector<double> shares;
  std::vector<int64_t> truth;
  for (int i = 0; i < 100; ++i) {
    truth.push_back(i % 20 == 0 ? 1 : 0);
    shares.push_back(truth.back() == 1 ? .3 + .001 * i : .001 + .001 * i);
  }
  return of_two(shares, truth);
}

TEST(TuneThresholds, FindARareClassWhoseProbabilityIsBelowAHalf) {
  Predictions predictions = rare_and_timid();
  EXPECT_EQ(compute_metrics(predictions, {"accuracy"}).per_class[1].recall, 0);
  predictions.thresholds = tune_thresholds(predictions, "macro_f1");
  EXPECT_NEAR(predictions.thresholds[1], .2, .011);  // halfway between .1 and .3
  EXPECT_NEAR(predictions.thresholds[0] + predictions.thresholds[1], 1, 1e-12);
  EXPECT_EQ(metric_of(predictions, "macro_f1"), 1);
}

TEST(TuneThresholds, MakeEachMetricAtLeastAsHighAsWithoutThem) {
  for (const char* metric : {"macro_f1", "balanced_accuracy", "mcc", "accuracy"}) {
    for (const Predictions& rows :
         {sixty_rows(), of_two({.1, .4, .35, .8, .4, .4, .9, .2}, {0, 0, 1, 1, 1, 0, 0, 1})}) {
      Predictions tuned = rows;
      tuned.thresholds = tune_thresholds(rows, metric);
      EXPECT_GE(metric_of(tuned, metric), metric_of(rows, metric) - 1e-12) << metric;
      EXPECT_THAT(tuned.thresholds, Each(testing::AllOf(testing::Gt(0), testing::Lt(1))));
    }
  }
  Predictions tuned = sixty_rows();
  tuned.thresholds = tune_thresholds(tuned, "balanced_accuracy");
  EXPECT_GT(metric_of(tuned, "balanced_accuracy"), 0.72);  // 0.659 without
}

// Random logits, of which the rare classes' are too low.
Predictions of_three(uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<double> noise;
  Predictions rows;
  constexpr int64_t kRows = 300;
  rows.outputs = at::empty({kRows, 3}, at::kDouble);
  rows.targets = at::empty({kRows}, at::kLong);
  for (int64_t i = 0; i < kRows; ++i) {
    const int64_t truth = i % 10 < 7 ? 0 : i % 10 < 9 ? 1 : 2;
    rows.targets[i] = truth;
    for (int64_t k = 0; k < 3; ++k) {
      rows.outputs[i][k] = noise(random) + (k == truth ? 1.0 : 0.0) - 1.2 * static_cast<double>(k);
    }
  }
  return rows;
}

TEST(TuneThresholds, OfThreeClassesAreNoWorseThanAnyOfAGrid) {
  for (const char* metric : {"macro_f1", "balanced_accuracy", "mcc"}) {
    for (const uint64_t seed : {1, 2}) {
      Predictions rows = of_three(seed);
      double highest = 0;
      for (double a = -3; a <= 0.5; a += 0.25) {
        for (double b = -4; b <= 0.5; b += 0.25) {
          const double sum = 1 + std::exp(a) + std::exp(b);
          rows.thresholds = {1 / sum, std::exp(a) / sum, std::exp(b) / sum};
          highest = std::max(highest, metric_of(rows, metric));
        }
      }
      rows.thresholds = tune_thresholds(rows, metric);
      EXPECT_GE(metric_of(rows, metric), highest - 1e-12) << metric << seed;
    }
  }
}

TEST(TuneThresholds, LeaveALabelAloneThatNoRowHas) {
  Predictions rows = of_three(3);
  rows.targets.masked_fill_(rows.targets.eq(2), 0);
  rows.labels = {"a", "b", "c"};
  EXPECT_THAT(untunable_labels(rows), testing::ElementsAre("c"));
  const std::vector<double> thresholds = tune_thresholds(rows, "balanced_accuracy");
  EXPECT_LT(thresholds[2], .5);  // not the highest, by which it would never be answered
  rows.targets.zero_();
  EXPECT_THAT(untunable_labels(rows), testing::ElementsAre("b", "c"));
  EXPECT_TRUE(tune_thresholds(rows, "balanced_accuracy").empty());
}

TEST(TuneThresholds, LeaveAHalfWhereNothingIsGained) {
  const Predictions clear = of_two({.2, .4, .6, .8}, {0, 0, 1, 1});
  EXPECT_NEAR(tune_thresholds(clear, "accuracy")[1], .5, 1e-12);
}

TEST(TuneThresholds, OfSeveralLabelsMakeTheF1OfEachHighest) {
  Predictions labels;
  labels.task = TaskKind::kMultiLabel;
  labels.outputs = at::tensor({2., -1., -1., .3, .1, 1.5, -.5, -2.}, at::kDouble).view({4, 2});
  labels.targets = at::tensor({1., 1., 0., 1., 1., 1., 1., 0.}, at::kDouble).view({4, 2});
  labels.thresholds = tune_thresholds(labels, "macro_f1");
  EXPECT_EQ(metric_of(labels, "macro_f1"), 1);
}

TEST(TuneThresholds, CountRowsWithoutAnAnswerAsWrongAndNeedOneWith) {
  Predictions rows = rare_and_timid();
  rows.outputs[0][0] = NAN;
  const std::vector<double> thresholds = tune_thresholds(rows, "macro_f1");
  EXPECT_NEAR(thresholds[1], .2, .02);
  rows.outputs.fill_(NAN);
  try {
    tune_thresholds(rows, "macro_f1");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.first().where, "eval.threshold");
    EXPECT_THAT(error.first().text(), testing::HasSubstr("no row has an answer"));
  }
}

}  // namespace
}  // namespace maas
