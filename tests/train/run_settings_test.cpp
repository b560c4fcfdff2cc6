#include "train/run_settings.h"

#include <gmock/gmock.h>

#include "train/small_job.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

TEST(RunSettings, AreTheSameForWhatMayChange) {
  Experiment before, now;
  now.output_dir = "elsewhere";
  now.train.threads = 3;
  now.train.log_every = 7;
  now.train.checkpoint.keep_last = 9;
  now.train.epochs = 99;
  now.train.steps = Quantity{500, "steps"};
  now.data.prefetch = false;
  now.data.cache = "none";
  before.data.train.images.path = "/old/train.gz";
  now.data.train.images.path = "/new/place/train.gz";
  EXPECT_NO_THROW(check_same_settings(run_settings(before), run_settings(now), "runs/x"));
}

TEST(RunSettings, DifferInATableOfBoth) {
  Experiment before, now;
  now.seed = 5;
  now.train.optimizer.type = "sgd";
  now.data.augment.resize(1);
  now.data.augment[0].shift = 2;
  const std::string text = error_of(ErrorKind::kUsage, [&] {
    check_same_settings(run_settings(before), run_settings(now), "runs/x");
  });
  EXPECT_THAT(text, AllOf(HasSubstr("runs/x: the run was started with other settings"),
                          HasSubstr("setting "), HasSubstr("started with"),
                          HasSubstr("seed                      0             5\n"),
                          HasSubstr("train.optimizer.type      adamw         sgd\n"),
                          HasSubstr("data.augment.0.shift      -             2\n"),
                          HasSubstr("train.optimizer.beta1     0.9           -\n"),
                          HasSubstr("maas train --resume runs/x")));
  EXPECT_THAT(text, Not(HasSubstr("learning_rate")));
}

// A run of a version without data.split was split at random.
TEST(RunSettings, AreThoseOfThenWhereASettingCameLater) {
  Experiment before, now;
  before.data.type = now.data.type = "csv";
  RunSettings written = run_settings(before);
  for (const char* later : {"data.split", "data.group", "data.order", "data.rare", "data.dates"}) {
    ASSERT_EQ(written.erase(later), 1U) << later;
  }
  EXPECT_THAT(
      error_of(ErrorKind::kUsage, [&] { check_same_settings(written, run_settings(now), "x"); }),
      AllOf(HasSubstr("2 differ"), HasSubstr("data.split  random        stratified")));
  now.data.split = "random";
  now.data.rare = 0;
  EXPECT_NO_THROW(check_same_settings(written, run_settings(now), "x"));
}

// How to build a network was written beside model.from, too.
TEST(RunSettings, OfAnOlderRunFromANetworkCountWithoutHowToBuildOne) {
  Experiment experiment;
  experiment.model.from.path = "net.pt";
  RunSettings written = run_settings(experiment);
  EXPECT_FALSE(written.contains("model.type"));
  written["model.type"] = "mlp";
  written["model.hidden"] = "[128]";
  EXPECT_NO_THROW(check_same_settings(written, run_settings(experiment), "x"));
}

TEST(RunSettings, AreCutAfterTwentyRows) {
  RunSettings before, now;
  for (int i = 0; i < 30; ++i) before["setting" + std::to_string(i)] = "1";
  const std::string text =
      error_of(ErrorKind::kUsage, [&] { check_same_settings(before, now, "x"); });
  EXPECT_THAT(text, AllOf(HasSubstr("30 differ"), HasSubstr("... 10 more")));
}

}  // namespace
}  // namespace maas
