#include "train/schedule.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

#include "base/error.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pointwise;

constexpr double kRate = 0.1;
const std::vector<double> kOneCycleOfPyTorch = {0.0040000000000000036,
                                                0.052000000000000005,
                                                0.1,
                                                0.09504846320134738,
                                                0.0811745653949763,
                                                0.06112620219362893,
                                                0.03887419780637107,
                                                0.0188258346050237,
                                                0.004951936798652629,
                                                4e-07};

std::string refusal(const TrainConfig& train) {
  try {
    check_schedule(train);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

ScheduleConfig config(const std::string& type) {
  ScheduleConfig made;
  made.type = type;
  return made;
}

std::vector<double> rates(const ScheduleConfig& config, int64_t steps, int64_t per_epoch = 4) {
  const Schedule schedule(config, kRate, per_epoch, steps);
  std::vector<double> found;
  for (int64_t step = 0; step < steps; ++step) found.push_back(schedule.rate(step));
  return found;
}

auto near(const std::vector<double>& values) { return Pointwise(DoubleNear(1e-15), values); }

TEST(Schedule, IsConstantUnlessTold) {
  EXPECT_THAT(rates(config("constant"), 3), ElementsAre(kRate, kRate, kRate));
}

// The numbers of torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=5, eta_min=0.01) from
// a rate of 0.1, and of LinearLR(start_factor=1, end_factor=0.1, total_iters=5).
TEST(Schedule, FallsAsInPyTorch) {
  ScheduleConfig falling = config("cosine");
  falling.final_fraction = 0.1;
  EXPECT_THAT(rates(falling, 5), near({0.1, 0.09140576474687263, 0.06890576474687263,
                                       0.04109423525312737, 0.018594235253127367}));
  falling.type = "linear";
  EXPECT_THAT(rates(falling, 5), near({0.1, 0.082, 0.064, 0.046, 0.028}));
}

TEST(Schedule, FallsInStepsOfAnyUnit) {
  ScheduleConfig falling = config("step");
  falling.factor = 0.5;
  for (const Quantity& every : {Quantity{2, "steps"}, Quantity{0.5, "epochs"}, Quantity{40, "%"}}) {
    falling.every = every;
    EXPECT_THAT(rates(falling, 5), near({0.1, 0.1, 0.05, 0.05, 0.025})) << to_text(every);
  }
}

TEST(Schedule, RisesLinearlyDuringWarmUp) {
  for (const char* type : {"constant", "cosine", "linear", "step", "plateau"}) {
    ScheduleConfig warm = config(type);
    warm.warmup = Quantity{40, "%"};
    const std::vector<double> found = rates(warm, 10);
    EXPECT_THAT(std::vector<double>(found.begin(), found.begin() + 5),
                near({0.025, 0.05, 0.075, 0.1, 0.1}))
        << type;
  }
}

// The rest of the steps is a whole cosine: it does not know that there was a warm-up.
TEST(Schedule, GoesThroughTheWholeCurveAfterWarmUp) {
  ScheduleConfig warm = config("cosine");
  warm.warmup = Quantity{4, "steps"};
  const std::vector<double> found = rates(warm, 12), bare = rates(config("cosine"), 8);
  EXPECT_THAT(std::vector<double>(found.begin() + 4, found.end()), near(bare));
}

TEST(Schedule, RisesToItsPeakAndFallsInOneCycle) {
  ScheduleConfig cycle = config("one_cycle");
  cycle.peak = 0.26;
  cycle.final_fraction = 0.001;
  const std::vector<double> found = rates(cycle, 100);
  EXPECT_DOUBLE_EQ(found[0], kRate / 25);
  EXPECT_DOUBLE_EQ(found[25], kRate);
  const double middle =
      kRate / 25 + (kRate - kRate / 25) * (1 - std::cos(std::numbers::pi * 0.4)) / 2;
  EXPECT_NEAR(found[10], middle, 1e-15);
  for (size_t i = 1; i < found.size(); ++i) {
    EXPECT_EQ(found[i] > found[i - 1], i <= 25) << i;
  }
  EXPECT_DOUBLE_EQ(found[99], kRate * 0.001);
}

// torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=10), pct_start 0.3,
// div_factor 25; its final_div_factor of 1e4 counts from the first rate: 4e-6 of the peak.
TEST(Schedule, GivesTheRatesOfPyTorchsOneCycle) {
  ScheduleConfig cycle = config("one_cycle");
  cycle.final_fraction = 4e-6;
  EXPECT_THAT(rates(cycle, 10), Pointwise(DoubleNear(1e-12), kOneCycleOfPyTorch));
}

TEST(CheckSchedule, TakesNoShareForSteps) {
  TrainConfig train;
  train.schedule.type = "cosine";
  train.schedule.warmup = {0.05, ""};
  EXPECT_THAT(refusal(train), AllOf(HasSubstr("0.05 is no number of steps"), HasSubstr("=5%")));
  train.schedule.warmup = {2.5, "steps"};
  EXPECT_THAT(refusal(train), HasSubstr("2.5 steps is no number of steps"));
  train.schedule.warmup = {};
  train.schedule.every = {0.5, ""};
  EXPECT_THAT(refusal(train), HasSubstr("train.schedule.every"));
  train.schedule.every = {0.5, "epochs"};
  EXPECT_EQ(refusal(train), "");
}

// A config that extends another, or that an old model remembers, may have both.
TEST(Schedule, LetsOneCycleRiseOnceWhateverTheWarmup) {
  ScheduleConfig cycle = config("one_cycle");
  const std::vector<double> alone = rates(cycle, 50);
  cycle.warmup = {10, "steps"};
  EXPECT_EQ(rates(cycle, 50), alone);
}

TEST(Schedule, StaysWithinItsBoundsAtBothEndsOfThePeak) {
  for (const double peak : {0.0, 1.0}) {
    ScheduleConfig cycle = config("one_cycle");
    cycle.peak = peak;
    for (const double rate : rates(cycle, 7)) {
      EXPECT_GE(rate, 0);
      EXPECT_LE(rate, kRate * (1 + 1e-15));
    }
  }
}

// As torch.optim.lr_scheduler.ReduceLROnPlateau with patience 1, factor 0.5: it falls at the second
// evaluation in a row without gain.
TEST(Schedule, FallsWhenItsPatienceEnds) {
  ScheduleConfig plateau = config("plateau");
  plateau.factor = 0.5;
  plateau.patience = 1;
  Schedule schedule(plateau, kRate, 4, 100);
  std::vector<double> found;
  for (const bool improved : {true, false, true, false, false, false, false, true}) {
    schedule.observe(improved);
    found.push_back(schedule.rate(10));
  }
  EXPECT_THAT(found, ElementsAre(0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.025, 0.025));
  Schedule resumed(plateau, kRate, 4, 100);
  resumed.load_state(schedule.state());
  EXPECT_EQ(resumed.rate(10), 0.025);
}

TEST(Schedule, IsAFunctionOfTheStepAlone) {
  Schedule schedule(config("cosine"), kRate, 4, 100);
  const double before = schedule.rate(50);
  schedule.observe(false);
  schedule.rate(99);
  EXPECT_EQ(schedule.rate(50), before);
}

TEST(InSteps, CountsEveryUnit) {
  EXPECT_EQ(in_steps({5, "%"}, 10, 200), 10);
  EXPECT_EQ(in_steps({1.5, "epochs"}, 10, 200), 15);
  EXPECT_EQ(in_steps({7, "steps"}, 10, 200), 7);
  EXPECT_EQ(in_steps({7, ""}, 10, 200), 7);
  EXPECT_EQ(in_steps({99.9, "%"}, 10, 10), 9);
  EXPECT_EQ(in_steps({1e300, "steps"}, 10, 10), 9'000'000'000'000'000);
}

// 0.29 * 100 is 28.999999999999996 in doubles.
TEST(InSteps, LosesNoStepToRounding) {
  for (int64_t i = 0; i <= 100; ++i) {
    EXPECT_EQ(in_steps({static_cast<double>(i), "%"}, 1, 100), i);
    EXPECT_EQ(in_steps({static_cast<double>(i) / 100, "epochs"}, 100, 1), i);
  }
}

}  // namespace
}  // namespace maas
