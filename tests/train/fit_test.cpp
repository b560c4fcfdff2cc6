#include "train/fit.h"

#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isfinite.h>
#include <gmock/gmock.h>

#include <fstream>
#include <limits>
#include <stdexcept>
#include <thread>

#include "base/files.h"
#include "call/builder.h"
#include "support/full_disk.h"
#include "train/checkpoint.h"
#include "train/run_scratch.h"
#include "train/small_job.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FitTest : public RunScratch {
 protected:
  std::filesystem::path run_ = folder_ / "run";
  std::vector<std::string> warnings_;

  FitResult train(const FitJob& job) { return fit(job, fresh_run(run_), noting(warnings_)); }
  size_t checkpoints() const {
    size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(run_ / "checkpoints")) {
      count += entry.path().filename().string().find("tmp") == std::string::npos ? 1 : 0;
    }
    return count;
  }
};

// A data set whose rows pass through `change` before they are handed out.
class Changed : public Dataset {
 public:
  using Change = std::function<void(Batch&, const at::Tensor& index)>;
  Changed(std::shared_ptr<const Dataset> whole, Change change)
      : whole_(std::move(whole)), change_(std::move(change)) {}
  int64_t size() const override { return whole_->size(); }
  Batch rows(const at::Tensor& index) const override {
    Batch batch = whole_->rows(index);
    change_(batch, index);
    return batch;
  }
  const DataSpec& spec() const override { return whole_->spec(); }
  std::string name_of(int64_t i) const override { return "row:" + std::to_string(i); }

 private:
  std::shared_ptr<const Dataset> whole_;
  Change change_;
};

bool holds(const at::Tensor& index, int64_t row) { return index.eq(row).any().item<bool>(); }

// A table, whose numbers can be made infinite.
FitJob table_job(const Changed::Change& change) {
  DataConfig data;
  data.type = "synthetic";
  data.kind = "table";
  data.task = "regression";
  data.classes = 1;
  data.samples = 48;
  data.features = 4;
  FitJob job = small_job(data);
  job.data.train = std::make_shared<Changed>(job.data.train, change);
  job.eval.metrics = {"rmse"};
  return job;
}

TEST_F(FitTest, LearnsAndKeepsTheBestWeights) {
  FitJob job = small_job();
  job.train.epochs = 6;
  const FitResult result = train(job);
  EXPECT_EQ(result.steps, 24);
  EXPECT_EQ(result.epochs, 6);
  EXPECT_EQ(result.saved_step, 24);
  EXPECT_LT(result.validation.at("nll"), 1.0);
  EXPECT_FALSE(result.interrupted || result.stopped_early);
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(FitTest, NamesTheBatchOfALossThatIsNotANumber) {
  const FitJob job = table_job([](Batch& batch, const at::Tensor& index) {
    if (holds(index, 7)) batch.targets.fill_(std::numeric_limits<float>::quiet_NaN());
  });
  const std::string text = error_of(ErrorKind::kDiverged, [&] { train(job); });
  EXPECT_THAT(text, AllOf(HasSubstr("of 12: the loss is nan at learning rate 0.01"),
                          HasSubstr("for the batch of row:"), HasSubstr("(12 samples)"),
                          HasSubstr("lower train.learning_rate")));
  EXPECT_THAT(read_file(run_ / "diverged.json"),
              AllOf(HasSubstr("\"loss\":\"nan\""), HasSubstr("\"row:7\"")));
}

TEST_F(FitTest, LeavesABadStepOutWhenAsked) {
  FitJob job = table_job([](Batch& batch, const at::Tensor& index) {
    if (holds(index, 7)) batch.inputs[0].fill_(std::numeric_limits<float>::infinity());
  });
  job.train.on_divergence = "skip";
  ModelConfig model;
  model.hidden = {8};
  model.batch_norm = true;
  job.program = build_model(model, job.data.spec, {.seed = 5});
  const FitResult result = train(job);
  EXPECT_EQ(result.steps, 12);
  ASSERT_EQ(warnings_.size(), 3u);
  EXPECT_THAT(warnings_, Each(AllOf(HasSubstr("the loss is nan"), HasSubstr("row:"),
                                    HasSubstr("the step is left out"))));
  for (const auto* table : {&result.program.parameters, &result.program.buffers}) {
    for (const auto& [name, tensor] : *table) {
      EXPECT_TRUE(at::isfinite(tensor).all().item<bool>()) << name;
    }
  }
}

// |x w| as the root of its square: at x = 0 the loss is fine, and its gradient 0 / 0.
Program rooted() {
  GraphBuilder g("root", 1);
  const Handle x = g.input("x", {4}, at::kFloat);
  const Handle w = g.parameter("w", at::full({4, 1}, 0.5));
  const Handle y = g.call("aten::mm", {{"self", ValueRef{x.id}}, {"mat2", ValueRef{w.id}}});
  const Handle square =
      g.call("aten::mul.Tensor", {{"self", ValueRef{y.id}}, {"other", ValueRef{y.id}}});
  return g.finish({{"values", g.call("aten::sqrt", {{"self", ValueRef{square.id}}})}});
}

FitJob rooted_job() {
  FitJob job = table_job([](Batch& batch, const at::Tensor& index) {
    if (holds(index, 7)) batch.inputs[0].zero_();
  });
  job.program = rooted();
  return job;
}

TEST_F(FitTest, StopsAtAGradientThatIsNotFinite) {
  for (const double clip : {0.0, 1.0}) {
    FitJob job = rooted_job();
    job.train.clip_norm = clip;
    std::filesystem::remove_all(run_);
    EXPECT_THAT(
        error_of(ErrorKind::kDiverged, [&] { train(job); }),
        AllOf(HasSubstr("the gradient of a loss of "), HasSubstr(" is not finite at learning"),
              HasSubstr("for the batch of row:"), HasSubstr("expected a finite gradient")));
    EXPECT_THAT(read_file(run_ / "diverged.json"),
                AllOf(HasSubstr("\"not_finite\":\"gradient\""), HasSubstr("\"row:7\"")));
  }
}

TEST_F(FitTest, LeavesAStepWithoutAFiniteGradientOutWhenAsked) {
  for (const double clip : {0.0, 1.0}) {
    for (const int64_t accumulate : {1, 3}) {
      for (const char* precision : {"fp32", "bf16"}) {
        FitJob job = rooted_job();
        job.train.clip_norm = clip;
        job.train.accumulate = accumulate;
        job.train.precision = precision;
        job.train.on_divergence = "skip";
        std::filesystem::remove_all(run_);
        warnings_.clear();
        const FitResult result = train(job);
        EXPECT_EQ(result.steps, 12);
        ASSERT_EQ(warnings_.size(), 3u);
        EXPECT_THAT(warnings_, Each(AllOf(HasSubstr("the gradient of a loss of"),
                                          HasSubstr("the step is left out"))));
        EXPECT_TRUE(at::isfinite(result.program.parameters.at("w")).all().item<bool>());
        EXPECT_FALSE(at::equal(result.program.parameters.at("w"), at::full({4, 1}, 0.5)));
      }
    }
  }
}

TEST_F(FitTest, StopsAfterAHundredBadStepsInARow) {
  FitJob job = table_job([](Batch& batch, const at::Tensor&) {
    batch.targets.fill_(std::numeric_limits<float>::infinity());
  });
  job.train.on_divergence = "skip";
  job.train.epochs = 30;
  EXPECT_THAT(error_of(ErrorKind::kDiverged, [&] { train(job); }),
              HasSubstr("step 101 of 120: the loss is inf"));
  EXPECT_EQ(warnings_.size(), 100u);
}

// The loss of the only step is fine; what the step does to the weights is not.
TEST_F(FitTest, NeverSavesWeightsThatAreNotFinite) {
  FitJob job = small_job();
  job.data.validation = nullptr;
  job.train.steps = Quantity{1, "steps"};
  job.train.optimizer = {.type = "sgd", .weight_decay = 0};
  job.train.learning_rate = 1e300;
  EXPECT_THAT(error_of(ErrorKind::kDiverged, [&] { train(job); }),
              AllOf(HasSubstr("step 1 of 1"), HasSubstr("not finite at learning rate 1e+300")));
  EXPECT_EQ(checkpoints(), 0u);
}

TEST_F(FitTest, EndsAtOnceWithWhatTheDataSetThrew) {
  for (const bool prefetch : {false, true}) {
    FitJob job = small_job();
    job.data_config.prefetch = prefetch;
    job.data_config.augment.resize(1);
    job.data_config.augment[0].shift = 1;
    job.data.train = std::make_shared<Changed>(job.data.train, [](Batch&, const at::Tensor& index) {
      if (!holds(index, 30)) return;
      throw Error(ErrorKind::kInput, {.where = "cats/30.jpg",
                                      .what = "ends within the image",
                                      .expected = "a JPEG image",
                                      .fix = ""});
    });
    std::filesystem::remove_all(run_);
    EXPECT_THAT(error_of(ErrorKind::kInput, [&] { train(job); }), HasSubstr("cats/30.jpg"));
  }
}

TEST_F(FitTest, PassesOnWhatIsNoErrorOfOurs) {
  FitJob job = small_job();
  job.data_config.augment.resize(1);
  job.data_config.augment[0].shift = 1;
  job.data.train = std::make_shared<Changed>(
      job.data.train, [](Batch&, const at::Tensor&) { throw std::runtime_error("a broken disk"); });
  EXPECT_THROW(train(job), std::runtime_error);
}

TEST_F(FitTest, RefusesFewerSamplesThanABatch) {
  FitJob job = small_job();
  job.train.batch_size = 49;
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { train(job); }),
              AllOf(HasSubstr("48 samples are left for training"),
                    HasSubstr("at least one batch of 49"), HasSubstr("set train.batch_size=48")));
}

TEST_F(FitTest, GoesOnWhenTheDiskIsFullAndSavesOnceItIsNot) {
  FitJob job = small_job();
  job.train.checkpoint.every = Quantity{2, "steps"};
  std::optional<FullDisk> full;
  FitWatcher watcher = noting(warnings_);
  watcher.on_step = [&](const StepNews& news) {
    if (news.step == 3) full.emplace(100);
    if (news.step == 7) full.reset();
  };
  const FitResult result = fit(job, fresh_run(run_), watcher);
  EXPECT_EQ(result.steps, 12);
  EXPECT_EQ(result.saved_step, 12);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("no checkpoint: "), HasSubstr("no checkpoint: ")));
  EXPECT_THAT(warnings_[0], AllOf(HasSubstr("step-4"), HasSubstr("File too large"),
                                  HasSubstr("check the disk space")));
  EXPECT_EQ(checkpoints(), 2u);
}

TEST_F(FitTest, MakesTheFolderOfCheckpointsAgainWhenItIsGone) {
  FitJob job = small_job();
  job.train.checkpoint.every = Quantity{2, "steps"};
  FitWatcher watcher = noting(warnings_);
  watcher.on_step = [&](const StepNews& news) {
    if (news.step == 3) std::filesystem::remove_all(run_ / "checkpoints");
  };
  EXPECT_EQ(fit(job, fresh_run(run_), watcher).saved_step, 12);
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_EQ(checkpoints(), 2u);
}

TEST_F(FitTest, TellsWhichStepIsSavedWhenTheDiskIsFullAtTheEnd) {
  FitJob job = small_job();
  job.train.checkpoint.every = Quantity{2, "steps"};
  std::optional<FullDisk> full;
  FitWatcher watcher = stopping_after(5);
  watcher.on_step = [&](const StepNews& news) {
    if (news.step == 3) full.emplace(100);
  };
  const FitResult result = fit(job, fresh_run(run_), watcher);
  EXPECT_TRUE(result.interrupted);
  EXPECT_EQ(result.steps, 5);
  EXPECT_EQ(result.saved_step, 2);
}

// Six 2 x 2 images in files, so that they can change.
FitJob job_of_files(const std::filesystem::path& folder) {
  const auto big_endian = [](std::vector<int> numbers) {
    std::string bytes;
    for (const int number : numbers) bytes += std::string(3, '\0') + static_cast<char>(number);
    return bytes;
  };
  std::string pixels, labels;
  for (int i = 0; i < 24; ++i) pixels += static_cast<char>(i * 10);
  for (int i = 0; i < 6; ++i) labels += static_cast<char>(i % 2);
  const auto magic = [](char rank) { return std::string("\0\0\x08", 3) + rank; };
  DataConfig data;
  data.train.images.path = (folder / "images").string();
  data.train.labels.path = (folder / "labels").string();
  std::ofstream(folder / "images") << magic(3) + big_endian({6, 2, 2}) + pixels;
  std::ofstream(folder / "labels") << magic(1) + big_endian({6}) + labels;
  FitJob job = small_job(data);
  job.train.batch_size = 3;
  return job;
}

TEST_F(FitTest, SeesAtTheEndOfAnEpochThatTheDataChanged) {
  const FitJob job = job_of_files(folder_);
  int64_t last = 0;
  FitWatcher watcher;
  watcher.on_step = [&](const StepNews& news) {
    last = news.step;
    if (news.step == 3) std::ofstream(folder_ / "labels", std::ios::app) << "x";
  };
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { fit(job, fresh_run(run_), watcher); }),
              AllOf(HasSubstr("a source file changed while training"), HasSubstr("start again")));
  EXPECT_EQ(last, 4);
}

TEST_F(FitTest, WarnsOnceOfDataThatWereOnlyWrittenAgain) {
  FitJob job = job_of_files(folder_);
  FitWatcher watcher = noting(warnings_);
  watcher.on_step = [&](const StepNews& news) {
    if (news.step != 1) return;
    std::filesystem::last_write_time(
        folder_ / "images", std::filesystem::file_time_type::clock::now() + std::chrono::hours(1));
  };
  EXPECT_EQ(fit(job, fresh_run(run_), watcher).steps, 6);
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("was written while training")));
}

TEST_F(FitTest, RefusesToResumeOnOtherData) {
  FitJob job = job_of_files(folder_);
  fit(job, fresh_run(run_), stopping_after(2));
  job.resume = true;
  job.data.fingerprint.times = "other times";
  fit(job, resumed_run(run_), [&] {
    FitWatcher watcher = noting(warnings_);
    watcher.stop_requested = [] { return true; };
    return watcher;
  }());
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("other times than at the checkpoint")));
  job.data.fingerprint.content = "other content";
  EXPECT_THAT(error_of(ErrorKind::kInput, [&] { fit(job, resumed_run(run_), {}); }),
              AllOf(HasSubstr(run_.string()), HasSubstr("the data changed since the run was")));
}

}  // namespace
}  // namespace maas
