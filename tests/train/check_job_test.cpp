#include "train/check_job.h"

#include <gmock/gmock.h>

#include "train/small_job.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string refusal(const FitJob& job, ErrorKind kind = ErrorKind::kUsage) {
  return error_of(kind, [&] { check_job(job); });
}

TEST(CheckJob, TakesAJobThatFits) { EXPECT_NO_THROW(check_job(small_job())); }

TEST(CheckJob, CountsTooFewSamples) {
  FitJob job = small_job();
  job.train.batch_size = 64;
  EXPECT_THAT(refusal(job, ErrorKind::kInput),
              AllOf(HasSubstr("data.train: 48 samples"), HasSubstr("one batch of 64"),
                    HasSubstr("train.batch_size=48")));
}

TEST(CheckJob, WantsASplitToWatch) {
  FitJob job = small_job();
  job.train.early_stop.patience = 2;
  job.train.schedule.type = "plateau";
  EXPECT_NO_THROW(check_job(job));
  job.data.validation = nullptr;
  EXPECT_THAT(refusal(job),
              AllOf(HasSubstr("train.early_stop.patience"), HasSubstr("set data.validation=0.1")));
  job.train.early_stop.patience = 0;
  EXPECT_THAT(refusal(job), HasSubstr("plateau: is set without a validation split"));
}

TEST(CheckJob, KnowsTheMetricsBeforeAnEpochIsSpent) {
  FitJob job = small_job();
  job.train.early_stop.metric = "acuracy";
  EXPECT_THAT(refusal(job), AllOf(HasSubstr("train.early_stop.metric"), HasSubstr("accuracy")));
  job.train.early_stop.metric = "top_4";
  EXPECT_THAT(refusal(job), AllOf(HasSubstr("'top_4' of 3 classes"), HasSubstr("at most top_3")));
  job.train.early_stop.metric = "rmse";
  EXPECT_THAT(refusal(job), HasSubstr("is for regression"));
}

TEST(CheckJob, WantsMomentumForNesterov) {
  FitJob job = small_job();
  job.train.optimizer = {.type = "sgd", .momentum = 0, .nesterov = true};
  EXPECT_THAT(refusal(job), HasSubstr("is set without momentum"));
}

TEST(CheckJob, GivesWhatIsFrozenNoRate) {
  FitJob job = small_job();
  job.train.body_learning_rate = 0.001;
  EXPECT_NO_THROW(check_job(job));
  job.train.freeze = {"backbone"};
  EXPECT_THAT(refusal(job),
              AllOf(HasSubstr("train.body_learning_rate: is set beside train.freeze"),
                    HasSubstr("train.body_learning_rate=null"), HasSubstr("train.freeze=[]")));
}

TEST(CheckJob, AsksWhetherTheLossFits) {
  FitJob job = small_job();
  job.train.loss.type = "mse";
  EXPECT_THAT(refusal(job), HasSubstr("'mse' for a classification task"));
}

}  // namespace
}  // namespace maas
