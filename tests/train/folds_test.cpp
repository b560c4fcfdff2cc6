#include "train/folds.h"

#include <ATen/ops/arange.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "evaluate/evaluate.h"
#include "run_scratch.h"
#include "small_job.h"

namespace maas {
namespace {

class Folds : public RunScratch {
 protected:
  static FitJob job(int64_t folds = 3) {
    DataConfig data = small_data();
    data.validation = 0;
    data.test_fraction = 0.2;
    FitJob made = small_job(data);
    made.train.folds = folds;
    ModelConfig model;
    model.type = "mlp";
    model.hidden = {8};
    made.network_of = [model, spec = made.data.spec](uint64_t seed) {
      return build_model(model, spec, {.seed = seed});
    };
    return made;
  }

  static std::string refusal(const FitJob& job, const RunFolder& run) {
    try {
      fit_folds(job, run, {});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
};

TEST_F(Folds, TheModelIsTheAverageOfNetworksThatDiffer) {
  const RunFolder run = fresh_run(folder_ / "run");
  std::vector<FoldNews> folds;
  std::vector<int64_t> epochs;
  std::vector<double> seconds;
  FitWatcher watcher;
  watcher.on_fold = [&](const FoldNews& news) { folds.push_back(news); };
  watcher.on_epoch = [&](const EpochNews& news) {
    epochs.push_back(news.epoch);
    seconds.push_back(news.run_seconds);
  };
  const FitJob made = job();
  const FitResult result = fit_folds(made, run, watcher);
  ASSERT_EQ(folds.size(), 3);
  EXPECT_EQ(folds[1].fold, 2);
  EXPECT_GT(folds[1].validation.count("nll"), 0);
  EXPECT_THAT(epochs, testing::ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_TRUE(std::is_sorted(seconds.begin(), seconds.end()));
  EXPECT_FALSE(result.program.parameters.at("fold1.fc1.weight")
                   .equal(result.program.parameters.at("fold2.fc1.weight")));
  EXPECT_EQ(result.steps, 3 * 3 * 3);
  ASSERT_TRUE(result.out_of_fold.has_value());
  EXPECT_EQ(result.out_of_fold->outputs.size(0), made.data.train->size());
  const at::Tensor all = at::arange(made.data.train->size());
  EXPECT_TRUE(result.out_of_fold->targets.equal(made.data.train->targets(all)));
  EXPECT_GT(result.validation.at("accuracy"), 0.3);
}

TEST_F(Folds, OfAnOrderJudgeTheRowsThatValidate) {
  FitJob made = job();
  const int64_t rows = made.data.train->size();
  made.data.ranks = at::arange(rows - 1, -1, -1, at::kLong);  // the last row comes first
  int64_t total = 0, steps = 0;
  std::vector<int64_t> totals;
  FitWatcher watcher;
  watcher.on_step = [&](const StepNews& news) {
    total = news.total_steps, steps = news.step;
    totals.push_back(total);
  };
  const FitResult result = fit_folds(made, fresh_run(folder_ / "run"), watcher);
  EXPECT_EQ(result.steps, 3 * (1 + 2 + 3));  // of 12, 24 and 36 rows, by twelve
  EXPECT_EQ(total, steps);
  EXPECT_THAT(totals, testing::Each(total));
  EXPECT_TRUE(result.out_of_fold_rows.equal(at::arange(36, at::kLong)));
  EXPECT_TRUE(result.out_of_fold->targets.equal(made.data.train->targets(result.out_of_fold_rows)));
}

TEST_F(Folds, AResumedRunEndsWithTheBitsOfOneThatWasNotInterrupted) {
  FitJob made = job();
  const FitResult whole = fit_folds(made, fresh_run(folder_ / "whole"), {});
  FitWatcher stopping;
  stopping.stop_requested = [left = std::make_shared<int>(14)] { return --*left <= 0; };
  EXPECT_TRUE(fit_folds(made, fresh_run(folder_ / "run"), stopping).interrupted);
  made.resume = true;
  std::vector<int64_t> resumed;
  FitWatcher watcher;
  watcher.on_resume = [&](int64_t step, const auto&) { resumed.push_back(step); };
  const FitResult rest = fit_folds(made, resumed_run(folder_ / "run"), watcher);
  EXPECT_FALSE(rest.interrupted);
  EXPECT_THAT(resumed, testing::ElementsAre(14));
  for (const auto& [name, tensor] : whole.program.parameters) {
    EXPECT_TRUE(tensor.equal(rest.program.parameters.at(name))) << name;
  }
}

TEST_F(Folds, ARunThatIsStoppedInItsFirstFoldGivesThatNetwork) {
  const FitJob made = job();
  FitWatcher stopping;
  int64_t fold = 0;
  stopping.on_step = [&](const StepNews& news) { fold = news.fold; };
  stopping.stop_requested = [left = std::make_shared<int>(5)] { return --*left <= 0; };
  const FitResult result = fit_folds(made, fresh_run(folder_ / "run"), stopping);
  EXPECT_TRUE(result.interrupted);
  ASSERT_EQ(fold, 1);
  EXPECT_EQ(result.program.parameters.size(), made.program.parameters.size());
  EXPECT_EQ(result.program.parameters.begin()->first, made.program.parameters.begin()->first);
}

TEST_F(Folds, WhatCannotBeFoldedIsRefusedWithTheSettingThatHelps) {
  const RunFolder run = fresh_run(folder_ / "run");
  FitJob both = job();
  both.data.validation = both.data.test;
  EXPECT_THAT(refusal(both, run), testing::HasSubstr("set data.validation=0"));
  EXPECT_THAT(refusal(job(40), run), testing::HasSubstr("40 folds of 48 rows"));
}

}  // namespace
}  // namespace maas
