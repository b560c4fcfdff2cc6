#include "train/best_model.h"

#include <ATen/ops/full_like.h>
#include <gmock/gmock.h>

#include <cmath>

#include "train/small_job.h"

namespace maas {
namespace {

class BestModelTest : public testing::Test {
 protected:
  static Program program(double weight) {
    Program made = small_job().program;
    for (auto& [name, tensor] : made.parameters) tensor = at::full_like(tensor, weight);
    return made;
  }
  bool observe(BestModel& best, const std::string& metric, double value, int64_t step) {
    return best.observe(program(static_cast<double>(step)), {{metric, value}}, step);
  }
};

TEST_F(BestModelTest, KnowsWhichWayIsBetter) {
  BestModel loss("nll", {}), score("accuracy", {});
  for (BestModel* best : {&loss, &score}) {
    const std::string metric = best == &loss ? "nll" : "accuracy";
    EXPECT_TRUE(observe(*best, metric, 0.5, 1));
    EXPECT_EQ(observe(*best, metric, 0.4, 2), best == &loss);
    EXPECT_EQ(observe(*best, metric, 0.6, 3), best == &score);
    EXPECT_FALSE(observe(*best, metric, 0.5, 4));
  }
  EXPECT_EQ(loss.step(), 2);
  EXPECT_EQ(score.step(), 3);
  EXPECT_EQ(score.program().parameters.begin()->second.max().item<double>(), 3);
}

TEST_F(BestModelTest, IsNeverTheOneWithoutANumber) {
  BestModel best("accuracy", {});
  EXPECT_FALSE(observe(best, "accuracy", std::nan(""), 1));
  EXPECT_FALSE(best.exists());
  EXPECT_TRUE(observe(best, "accuracy", 0.1, 2));
  EXPECT_FALSE(observe(best, "accuracy", std::nan(""), 3));
  EXPECT_TRUE(observe(best, "accuracy", 0.2, 4));
}

TEST_F(BestModelTest, RunsOutOfPatienceWithoutAGainAboveTheLeast) {
  EarlyStopConfig config;
  config.patience = 2;
  config.min_change = 0.1;
  BestModel best("accuracy", config);
  observe(best, "accuracy", 0.5, 1);
  EXPECT_FALSE(observe(best, "accuracy", 0.55, 2));
  EXPECT_FALSE(best.out_of_patience());
  EXPECT_FALSE(observe(best, "accuracy", 0.6, 3));
  EXPECT_TRUE(best.out_of_patience());
  EXPECT_TRUE(observe(best, "accuracy", 0.7, 4));
  EXPECT_FALSE(best.out_of_patience());
}

TEST_F(BestModelTest, ComesBackFromACheckpoint) {
  EarlyStopConfig config;
  config.patience = 1;
  BestModel best("nll", config), again("nll", config), empty("nll", config);
  observe(best, "nll", 0.25, 6);
  observe(best, "nll", 0.5, 7);
  Checkpoint checkpoint, nothing;
  best.save(checkpoint);
  empty.save(nothing);
  again.load(checkpoint, program(0));
  EXPECT_EQ(again.step(), 6);
  EXPECT_EQ(again.metrics(), best.metrics());
  EXPECT_TRUE(again.out_of_patience());
  EXPECT_EQ(again.program().parameters.begin()->second.max().item<double>(), 6);
  again.load(nothing, program(0));
  EXPECT_FALSE(again.exists());
}

}  // namespace
}  // namespace maas
