// What one training step does to the weights.
#include <ATen/ops/allclose.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <cmath>

#include "data/batches.h"
#include "train/small_job.h"
#include "train/trainer.h"

namespace maas {
namespace {

class StepTest : public testing::Test {
 protected:
  FitJob job_ = small_job();
  Batch batch_ = load_batch(*job_.data.train, permutation(48, 1, 0).slice(0, 0, 11));

  Trainer trainer() const {
    return {job_.program, supervised(job_.program, job_.train.loss, job_.data.spec.task),
            job_.train, job_.seed};
  }
  TensorMap weights_after(int64_t steps) const {
    Trainer made = trainer();
    for (int64_t step = 0; step < steps; ++step) made.step(batch_, step, 0.01);
    return made.snapshot().parameters;
  }
  static void expect_close(const TensorMap& a, const TensorMap& b) {
    ASSERT_EQ(a.size(), b.size());
    for (const auto& [name, tensor] : a) {
      EXPECT_TRUE(at::allclose(tensor, b.at(name), 1e-4, 1e-6)) << name;
    }
  }
};

// Parts of 11 samples in 2, 3, 11 and more parts than samples: uneven ones count by their size.
TEST_F(StepTest, AccumulatesToTheStepOfTheWholeBatch) {
  job_.train.optimizer = {.type = "sgd", .weight_decay = 0};
  const TensorMap whole = weights_after(3);
  for (const int64_t parts : {2, 3, 11, 100}) {
    job_.train.accumulate = parts;
    SCOPED_TRACE(parts);
    expect_close(whole, weights_after(3));
  }
}

TEST_F(StepTest, AccumulatesAlikeWithWeightedClasses) {
  job_.train.optimizer = {.type = "sgd", .weight_decay = 0};
  using Weights = std::vector<std::string>;
  for (const Weights& weights : {Weights{"0.2", "1", "5"}, Weights{"1", "1e-6", "1"}}) {
    job_.train.loss.class_weights = weights;
    job_.train.accumulate = 1;
    const TensorMap whole = weights_after(3);
    const double loss = trainer().step(batch_, 0, 0.01).loss;
    job_.train.accumulate = 5;
    expect_close(whole, weights_after(3));
    EXPECT_NEAR(trainer().step(batch_, 0, 0.01).loss, loss, 1e-6);
  }
}

// With the warm-up of the decay: 1/10, 2/11, 3/12, ... until it is 0.2.
TEST_F(StepTest, AveragesWeightsExponentiallyAfterAWarmUp) {
  job_.train.optimizer = {.type = "sgd", .weight_decay = 0};
  std::vector<TensorMap> plain = {job_.program.parameters};
  for (int64_t steps = 1; steps <= 4; ++steps) plain.push_back(weights_after(steps));
  job_.train.ema = 0.2;
  for (const auto& [name, averaged] : weights_after(4)) {
    at::Tensor expected = plain[0].at(name).detach();
    for (size_t i = 1; i < plain.size(); ++i) {
      const double decay = std::vector{1.0 / 10, 2.0 / 11, 0.2, 0.2}.at(i - 1);
      expected = expected.mul(decay).add(plain[i].at(name).mul(1 - decay));
    }
    EXPECT_TRUE(at::allclose(averaged, expected, 1e-4, 1e-6)) << name;
  }
}

TEST_F(StepTest, ClipsTheGradientBeforeTheStep) {
  job_.train.optimizer = {.type = "sgd", .weight_decay = 0, .momentum = 0};
  const auto moved = [&] {
    double sum = 0;
    for (const auto& [name, tensor] : weights_after(1)) {
      const at::Tensor by = tensor.sub(job_.program.parameters.at(name).detach());
      sum += by.pow(2).sum().item<double>();
    }
    return std::sqrt(sum);
  };
  const double free = moved();
  job_.train.clip_norm = 1e6;
  EXPECT_NEAR(trainer().step(batch_, 0, 0.01).gradient_norm, free / 0.01, free / 0.01 * 1e-4);
  EXPECT_NEAR(moved(), free, free * 1e-5);
  job_.train.clip_norm = free / 0.01 / 4;
  EXPECT_NEAR(moved(), free / 4, free * 1e-4);
}

TEST_F(StepTest, LeavesTheGivenProgramAlone) {
  TensorMap before;
  for (const auto& [name, tensor] : job_.program.parameters) before[name] = tensor.clone();
  weights_after(2);
  for (const auto& [name, tensor] : job_.program.parameters) {
    EXPECT_TRUE(at::equal(tensor, before.at(name))) << name;
  }
}

TEST_F(StepTest, NamesTheTensorThatACheckpointLacks) {
  TensorMap state = trainer().state();
  const std::string name = "param/" + job_.program.parameters.begin()->first;
  state.erase(name);
  Trainer made = trainer();
  EXPECT_THAT(
      error_of(ErrorKind::kInput, [&] { made.load_state(state); }),
      testing::AllOf(testing::HasSubstr("'" + name + "'"), testing::HasSubstr("is missing")));
}

}  // namespace
}  // namespace maas
