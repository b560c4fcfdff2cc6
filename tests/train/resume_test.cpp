// A run that is interrupted and resumed ends with the bits of one that is not.
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "train/checkpoint.h"
#include "train/run_scratch.h"
#include "train/small_job.h"

namespace maas {
namespace {

// What a run leaves, but for the times.
struct Leftovers {
  Checkpoint last;
  FitResult result;
};

class ResumeTest : public RunScratch {
 protected:
  Leftovers read(const std::filesystem::path& run, FitResult result) {
    std::vector<std::string> warnings;
    Checkpoint last = load_newest_checkpoint(run / "checkpoints", warnings).value();
    last.numbers.erase("seconds");
    last.numbers.erase("epoch_seconds");
    return {std::move(last), std::move(result)};
  }

  Leftovers uninterrupted(const FitJob& job) {
    const auto path = folder_ / "whole";
    return read(path, fit(job, fresh_run(path), {}));
  }

  // Stops after `first` steps, and then after every `again` steps.
  Leftovers interrupted(FitJob job, int64_t first, int64_t again) {
    const auto path = folder_ / ("stopped-" + std::to_string(first));
    FitResult result = fit(job, fresh_run(path), stopping_after(first));
    job.resume = true;
    while (result.interrupted) {
      EXPECT_EQ(result.saved_step, result.steps);
      result = fit(job, resumed_run(path), stopping_after(again));
    }
    return read(path, std::move(result));
  }

  static void expect_same(const TensorMap& a, const TensorMap& b) {
    ASSERT_EQ(a.size(), b.size());
    for (const auto& [name, tensor] : a) {
      ASSERT_TRUE(b.count(name) == 1 && at::equal(tensor, b.at(name))) << name;
    }
  }
  static void expect_same(const Leftovers& a, const Leftovers& b) {
    EXPECT_EQ(a.last.step, b.last.step);
    expect_same(a.last.tensors, b.last.tensors);
    EXPECT_EQ(a.last.numbers, b.last.numbers);
    EXPECT_EQ(a.last.texts, b.last.texts);
    EXPECT_EQ(a.result.steps, b.result.steps);
    EXPECT_EQ(a.result.epochs, b.result.epochs);
    EXPECT_EQ(a.result.best_step, b.result.best_step);
    EXPECT_EQ(a.result.stopped_early, b.result.stopped_early);
    EXPECT_EQ(a.result.validation, b.result.validation);
    expect_same(a.result.program.parameters, b.result.program.parameters);
    expect_same(a.result.program.buffers, b.result.program.buffers);
  }

  // Interrupted after each step in turn, and then again after every third one.
  void check_every_step(const FitJob& job) {
    const Leftovers whole = uninterrupted(job);
    for (int64_t step = 1; step < whole.result.steps; ++step) {
      SCOPED_TRACE(step);
      expect_same(whole, interrupted(job, step, 3));
    }
  }
};

// Augmentation, dropout, batch norm, moving averages and accumulation at once.
FitJob rich_job() {
  DataConfig data = small_data();
  data.augment.resize(3);
  data.augment[0].shift = 1;
  data.augment[1].rotate = 20;
  data.augment[2].noise = 0.1;
  FitJob job = small_job(data);
  ModelConfig model;
  model.hidden = {8};
  model.dropout = 0.3;
  model.batch_norm = true;
  job.program = build_model(model, job.data.spec, {.seed = 5});
  job.train.ema = 0.9;
  job.train.accumulate = 3;
  job.train.clip_norm = 0.5;
  return job;
}

TEST_F(ResumeTest, IsExactAfterEveryStepWithEverythingOn) { check_every_step(rich_job()); }

TEST_F(ResumeTest, IsExactForEveryOptimizer) {
  for (const char* type : {"sgd", "adam", "adamw", "rmsprop"}) {
    SCOPED_TRACE(type);
    std::filesystem::remove_all(folder_ / "whole");
    std::filesystem::remove_all(folder_ / "stopped-5");
    FitJob job = small_job();
    job.train.optimizer.type = type;
    job.train.optimizer.nesterov = true;
    job.train.schedule.type = "one_cycle";
    expect_same(uninterrupted(job), interrupted(job, 5, 100));
  }
}

TEST_F(ResumeTest, IsExactWithARateOfTheBodysOwnAndFrozenParameters) {
  for (const char* type : {"sgd", "adamw"}) {
    SCOPED_TRACE(type);
    std::filesystem::remove_all(folder_ / "whole");
    std::filesystem::remove_all(folder_ / "stopped-5");
    FitJob job = small_job();
    job.train.optimizer.type = type;
    job.train.body_learning_rate = 1e-3;
    job.train.freeze = {"*.bias"};
    expect_same(uninterrupted(job), interrupted(job, 5, 2));
  }
}

// The scales of the targets are buffers, and learnt anew from the same rows.
TEST_F(ResumeTest, IsExactForNumbersToPredict) {
  DataConfig data = small_data();
  data.kind = "table";
  data.task = "regression";
  data.classes = 2;
  FitJob job = small_job(data);
  ASSERT_EQ(job.program.buffers.count("targets.mean"), 1U);
  job.eval.metrics = {"rmse"};
  expect_same(uninterrupted(job), interrupted(job, 5, 3));
}

// The last batch of an epoch is short, and the run ends within an epoch.
TEST_F(ResumeTest, IsExactWithUnevenBatchesAndSteps) {
  FitJob job = small_job();
  job.train.batch_size = 13;
  job.train.steps = Quantity{10, "steps"};
  job.train.checkpoint.every = Quantity{3, "steps"};
  check_every_step(job);
}

// A rate that falls after each evaluation without gain, and a run that ends by itself: both hang on
// evaluations at the ends of epochs.
TEST_F(ResumeTest, IsExactWithPlateauAndEarlyStop) {
  FitJob job = small_job();
  job.train.epochs = 12;
  job.train.learning_rate = 0.3;
  job.train.checkpoint.every = Quantity{100, "epochs"};
  job.train.schedule.type = "plateau";
  job.train.schedule.patience = 0;
  job.train.early_stop.patience = 3;
  const Leftovers whole = uninterrupted(job);
  ASSERT_TRUE(whole.result.stopped_early);
  ASSERT_LT(whole.last.numbers.at("plateau_scale"), 1);
  for (int64_t step = 1; step < whole.result.steps; step += 3) {  // ends of epochs are among them
    SCOPED_TRACE(step);
    expect_same(whole, interrupted(job, step, 100));
  }
}

TEST_F(ResumeTest, IsExactInBfloat16) {
  FitJob job = small_job();
  job.train.precision = "bf16";
  expect_same(uninterrupted(job), interrupted(job, 6, 100));
}

TEST_F(ResumeTest, ReplaysNothingThatWasTold) {
  const FitJob job = small_job();
  std::vector<double> whole, parts;
  FitWatcher watcher;
  watcher.on_step = [&](const StepNews& news) { whole.push_back(news.loss); };
  fit(job, fresh_run(folder_ / "whole"), watcher);
  watcher = stopping_after(6);
  watcher.on_step = [&](const StepNews& news) { parts.push_back(news.loss); };
  fit(job, fresh_run(folder_ / "parts"), watcher);
  FitJob rest = job;
  rest.resume = true;
  int64_t resumed_at = 0;
  watcher = {};
  watcher.on_step = [&](const StepNews& news) { parts.push_back(news.loss); };
  watcher.on_resume = [&](int64_t step, const auto&) { resumed_at = step; };
  fit(rest, resumed_run(folder_ / "parts"), watcher);
  EXPECT_EQ(resumed_at, 6);
  EXPECT_EQ(parts, whole);
}

TEST_F(ResumeTest, GivesTheWatcherItsNumbersBack) {
  FitJob job = small_job();
  FitWatcher watcher = stopping_after(5);
  watcher.on_save = [](std::map<std::string, double>& numbers) { numbers["seen"] = 0.1; };
  fit(job, fresh_run(folder_ / "run"), watcher);
  job.resume = true;
  std::map<std::string, double> back;
  watcher = {};
  watcher.on_resume = [&](int64_t, const auto& numbers) { back = numbers; };
  fit(job, resumed_run(folder_ / "run"), watcher);
  EXPECT_THAT(back, testing::ElementsAre(testing::Pair("seen", 0.1)));
}

TEST_F(ResumeTest, OfAFinishedRunGivesTheSameModel) {
  FitJob job = small_job();
  const FitResult first = fit(job, fresh_run(folder_ / "run"), {});
  job.resume = true;
  const FitResult second = fit(job, resumed_run(folder_ / "run"), {});
  EXPECT_EQ(second.steps, first.steps);
  expect_same(first.program.parameters, second.program.parameters);
}

TEST_F(ResumeTest, GoesOnFromThePreviousWhenTheNewestIsDamaged) {
  FitJob job = small_job();
  const Leftovers whole = uninterrupted(job);
  const auto path = folder_ / "run";
  job.train.checkpoint.every = Quantity{2, "steps"};
  fit(job, fresh_run(path), stopping_after(8));
  std::filesystem::resize_file(path / "checkpoints/step-8/state.safetensors", 50);
  job.resume = true;
  std::vector<std::string> warnings;
  FitWatcher watcher = noting(warnings);
  watcher.on_resume = [](int64_t step, const auto&) { EXPECT_EQ(step, 6); };
  expect_same(whole, read(path, fit(job, resumed_run(path), watcher)));
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], testing::HasSubstr("checkpoint step-8 is passed over"));
}

TEST_F(ResumeTest, NamesTheSettingsThatDiffer) {
  FitJob job = small_job();
  fit(job, fresh_run(folder_ / "run"), stopping_after(2));
  job.resume = true;
  job.settings["train.batch_size"] = "24";
  job.settings.erase("seed");
  const std::string text =
      error_of(ErrorKind::kUsage, [&] { fit(job, resumed_run(folder_ / "run"), {}); });
  EXPECT_THAT(text, testing::AllOf(testing::HasSubstr("2 differ"),
                                   testing::HasSubstr("seed              3             -"),
                                   testing::HasSubstr("train.batch_size  12            24")));
}

// With a rate that does not hang on the length: the bits of a run that was started so long.
TEST_F(ResumeTest, GoesOnForMoreEpochs) {
  FitJob job = small_job();
  job.train.schedule.type = "constant";
  const auto path = folder_ / "longer";
  job.train.epochs = 2;
  fit(job, fresh_run(path), {});
  job.train.epochs = 4;
  const Leftovers whole = uninterrupted(job);
  job.resume = true;
  std::vector<std::string> warnings;
  expect_same(whole, read(path, fit(job, resumed_run(path), noting(warnings))));
  EXPECT_THAT(warnings,
              testing::ElementsAre("train: the run was started for 2 epochs (8 steps) and goes on "
                                   "to 4 epochs (16 steps); the learning rate of no step is "
                                   "another for that"));
}

TEST_F(ResumeTest, TellsThatAScheduleIsSpreadOverMoreSteps) {
  FitJob job = small_job();
  job.train.schedule.type = "cosine";
  fit(job, fresh_run(folder_ / "run"), stopping_after(6));
  job.train.epochs = 6;
  job.resume = true;
  std::vector<std::string> warnings;
  EXPECT_EQ(fit(job, resumed_run(folder_ / "run"), noting(warnings)).steps, 24);
  EXPECT_THAT(warnings, testing::ElementsAre(testing::HasSubstr(
                            "the cosine schedule is spread over all steps, so that the learning "
                            "rate goes on at 0.00854, where the run was at 0.005;")));
}

TEST_F(ResumeTest, RefusesAnEndBeforeWhatIsDone) {
  FitJob job = small_job();
  fit(job, fresh_run(folder_ / "run"), {});
  job.train.epochs = 2;
  job.resume = true;
  EXPECT_THAT(error_of(ErrorKind::kUsage, [&] { fit(job, resumed_run(folder_ / "run"), {}); }),
              testing::HasSubstr("2 epochs (8 steps) are asked for, and 3 epochs (12 steps) are "
                                 "done"));
}

TEST_F(ResumeTest, RefusesMoreEpochsAfterAnEarlyStop) {
  FitJob job = small_job();
  job.train.epochs = 12;
  job.train.learning_rate = 0.3;
  job.train.early_stop.patience = 1;
  ASSERT_TRUE(fit(job, fresh_run(folder_ / "run"), {}).stopped_early);
  job.resume = true;
  EXPECT_TRUE(fit(job, resumed_run(folder_ / "run"), {}).stopped_early);
  job.train.epochs = 20;
  EXPECT_THAT(error_of(ErrorKind::kUsage, [&] { fit(job, resumed_run(folder_ / "run"), {}); }),
              testing::AllOf(testing::HasSubstr("the run stopped early at step"),
                             testing::HasSubstr("model.from=")));
}

TEST_F(ResumeTest, SaysThatItStartsAnewWhereNoCheckpointIs) {
  FitJob job = small_job();
  { const RunFolder made = fresh_run(folder_ / "run"); }
  job.resume = true;
  std::vector<std::string> warnings;
  const FitResult result = fit(job, resumed_run(folder_ / "run"), noting(warnings));
  EXPECT_EQ(result.steps, 12);
  EXPECT_THAT(warnings, testing::ElementsAre("no checkpoint yet; starting at step 0"));
}

}  // namespace
}  // namespace maas
