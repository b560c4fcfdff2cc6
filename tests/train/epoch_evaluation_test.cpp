#include "train/epoch_evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "evaluate/evaluate.h"
#include "train/small_job.h"

namespace maas {
namespace {

FitJob job_of(int64_t samples) {
  DataConfig data = small_data();
  data.samples = samples;
  return small_job(data);
}

TEST(EpochEvaluation, MeasuresAsAnEvaluationDoesAndATwentiethOfManyTrainingRows) {
  const FitJob job = job_of(4000);  // 3200 train
  EpochNews news;
  EpochEvaluation(job, {"nll", "accuracy"}).measure(job.program, news);
  const Metrics metrics =
      evaluate(job.program, *job.data.validation, job.data.spec.task, job.eval).metrics;
  EXPECT_EQ(news.validation, metrics.values);
  EXPECT_NEAR(news.validation_loss, metrics.values.at("nll"), 1e-5);
  ASSERT_EQ(news.train_sample.size(), 2U);
  EXPECT_GT(news.train_sample.at("nll"), 0);
}

TEST(EpochEvaluation, LeavesFewTrainingRowsAlone) {
  const FitJob job = job_of(400);
  EpochNews news;
  EpochEvaluation(job, {"accuracy"}).measure(job.program, news);
  EXPECT_EQ(news.validation.size(), 1U);
  EXPECT_TRUE(news.train_sample.empty());
}

TEST(EpochEvaluation, KnowsNoLossOfAnotherObjective) {
  FitJob job = job_of(400);
  job.objective = supervised(job.program, job.train.loss, job.data.spec.task);
  EpochNews news;
  EpochEvaluation(job, {"accuracy"}).measure(job.program, news);
  EXPECT_TRUE(std::isnan(news.validation_loss));
}

}  // namespace
}  // namespace maas
