#include "train/held_out_loss.h"

#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tensor/random.h"

namespace maas {
namespace {

at::Tensor drawn(int64_t rows, int64_t columns) {
  return at::randn({rows, columns}, make_generator(2), at::TensorOptions().dtype(at::kFloat));
}

TEST(HeldOutLoss, OfLogitsIsTheirMeanNegativeLogLikelihood) {
  Predictions answers;
  answers.outputs = drawn(20000, 3);  // more than a piece
  answers.targets = drawn(20000, 1).mul(10).abs().floor().remainder(3).to(at::kLong).view(-1);
  const TaskSpec task{TaskKind::kClassification, {"a", "b", "c"}};
  const double expected = compute_metrics(answers, {"nll"}).values.at("nll");
  EXPECT_NEAR(HeldOutLoss({}, task).of(answers), expected, 1e-5);
  LossConfig smooth;
  smooth.label_smoothing = 0.1;
  EXPECT_GT(std::abs(HeldOutLoss(smooth, task).of(answers) - expected), 1e-4);
}

TEST(HeldOutLoss, OfNumbersIsMeasuredInTheDeviationsOfTheTargets) {
  TaskSpec task{TaskKind::kRegression, {"y"}};
  task.scales = {{100, 10}};
  Predictions answers;
  answers.task = task.kind;
  answers.outputs = at::tensor({110.F, 90.F}).view({2, 1});
  answers.targets = at::tensor({100.F, 120.F}).view({2, 1});
  LossConfig squared;
  squared.type = "mse";
  EXPECT_NEAR(HeldOutLoss(squared, task).of(answers), (1 + 9) / 2., 1e-6);
}

TEST(HeldOutLoss, WeighsClassesAsTrainingDoes) {
  Predictions answers;
  answers.outputs = at::tensor({2.F, 0.F, 0.F, 1.F, 3.F, 0.F}).view({3, 2});
  answers.targets = at::tensor({0, 1, 1}, at::kLong);
  LossConfig weighted;
  weighted.class_weights = {"1", "3"};
  const TaskSpec task{TaskKind::kClassification, {"a", "b"}};
  const double a = std::log1p(std::exp(-2.)), b = std::log1p(std::exp(-1.)),
               c = std::log1p(std::exp(3.));
  EXPECT_NEAR(HeldOutLoss(weighted, task).of(answers), (a + 3 * b + 3 * c) / 7, 1e-6);
}

}  // namespace
}  // namespace maas
