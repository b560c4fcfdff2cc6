#include "train/baselines.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <gtest/gtest.h>

#include "data/tensor_dataset.h"
#include "train/fold_rows.h"

namespace maas {
namespace {

// Rows (a, b) with the class a > b, or the number 3 a - 2 b + 1.
std::shared_ptr<const Dataset> table(TaskKind kind, int64_t rows) {
  const at::Tensor a = at::arange(rows, at::kFloat).mul(0.37).remainder(1).view({rows, 1});
  const at::Tensor b = at::arange(rows, at::kFloat).mul(0.61).remainder(1).view({rows, 1});
  DataSpec spec;
  spec.input.kind = InputKind::kTable;
  spec.input.columns = {{.name = "a", .categories = {}}, {.name = "b", .categories = {}}};
  spec.task.kind = kind;
  spec.task.labels = {"no", "yes"};
  at::Tensor targets = a.gt(b).to(at::kLong).view({rows});
  if (kind == TaskKind::kRegression) {
    spec.task.labels = {"y"};
    targets = a.mul(3).sub(b.mul(2)).add(1);
  }
  return tensor_dataset(
      {.inputs = {at::cat({a, b}, 1)}, .targets = targets, .spec = spec, .name_of = [](int64_t i) {
         return std::to_string(i);
       }});
}

TEST(Baselines, ALinearModelLearnsWhatIsLinear) {
  const auto rows = table(TaskKind::kClassification, 400);
  const auto found = table_baselines({.train = *rows, .held_out = *rows}, {"accuracy", "nll"});
  ASSERT_EQ(found.size(), 2);
  EXPECT_EQ(found[0].name, "most frequent");
  EXPECT_LT(found[0].metrics.values.at("accuracy"), 0.6);
  EXPECT_NEAR(found[0].metrics.values.at("nll"), 0.693, 0.01);
  EXPECT_EQ(found[1].name, "logistic regression");
  EXPECT_GT(found[1].metrics.values.at("accuracy"), 0.97);
  EXPECT_LT(found[1].metrics.values.at("nll"), 0.2);
}

// sklearn.linear_model.LogisticRegression() on the same standardised rows: 0.100504
TEST(Baselines, TwoClassesArePenalisedAsInScikitLearn) {
  const auto rows = table(TaskKind::kClassification, 400);
  const auto found = table_baselines({.train = *rows, .held_out = *rows}, {"nll"});
  EXPECT_NEAR(found.at(1).metrics.values.at("nll"), 0.100504, 1e-4);
}

TEST(Baselines, ARidgeRegressionIsInTheTargetsUnits) {
  const auto rows = table(TaskKind::kRegression, 400);
  const auto found = table_baselines({.train = *rows, .held_out = *rows}, {"r2", "rmse"});
  ASSERT_EQ(found.size(), 2);
  EXPECT_NEAR(found[0].metrics.values.at("r2"), 0, 1e-6);
  EXPECT_GT(found[1].metrics.values.at("r2"), 0.999);
  EXPECT_EQ(found[1].note, "");
}

TEST(Baselines, OfFoldsEachRowIsAnsweredByTheOthers) {
  const auto rows = table(TaskKind::kClassification, 60);
  const at::Tensor all = at::arange(60, at::kLong);
  const auto found = table_baselines(
      {.train = *rows, .held_out = *rows, .folds = folds_by_class(rows->targets(all), 5, 1)},
      {"accuracy"});
  ASSERT_EQ(found.size(), 2);
  EXPECT_GT(found[1].metrics.values.at("accuracy"), 0.8);
}

TEST(Baselines, OfAnOrderTheFirstRowsAreNotAnswered) {
  const auto rows = table(TaskKind::kClassification, 60);
  const FoldRows folds = folds_by_order(at::arange(60, at::kLong), 5);
  const auto held_out = subset(rows, folds.validated(5));
  EXPECT_EQ(held_out->size(), 50);
  const auto found =
      table_baselines({.train = *rows, .held_out = *held_out, .folds = folds}, {"accuracy"});
  EXPECT_GT(found.at(1).metrics.values.at("accuracy"), 0.7);
}

TEST(Baselines, ManyRowsAreSampledAndThatIsTold) {
  const auto rows = table(TaskKind::kRegression, 50'000);
  const auto found = table_baselines({.train = *rows, .held_out = *rows}, {"r2"});
  EXPECT_EQ(found[1].note, "learnt from a sample of 20000 rows");
  EXPECT_GT(found[1].metrics.values.at("r2"), 0.999);
}

}  // namespace
}  // namespace maas
