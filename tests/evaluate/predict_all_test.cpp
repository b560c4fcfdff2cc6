#include "evaluate/predict_all.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/index_select.h>
#include <c10/core/GradMode.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Row i is the number i, its target is i modulo 2.
class Counting : public Dataset {
 public:
  explicit Counting(int64_t size, int64_t side = 0) : size_(size) {
    spec_.input.channels = 3;
    spec_.input.height = spec_.input.width = side;
  }
  int64_t size() const override { return size_; }
  Batch rows(const at::Tensor& index) const override {
    Batch batch;
    batch.inputs = {index.to(at::kFloat).unsqueeze(1)};
    batch.targets = index.remainder(2);
    return batch;
  }
  const DataSpec& spec() const override { return spec_; }
  std::string name_of(int64_t i) const override { return "row:" + std::to_string(i); }

 private:
  int64_t size_;
  DataSpec spec_;
};

// Gives x repeated in `columns` columns, and notes how it was called.
class Repeating : public Plan {
 public:
  explicit Repeating(int64_t columns) : columns_(columns) {}
  std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const override {
    batches.push_back(inputs.at(0).size(0));
    gradients |= c10::GradMode::is_enabled();
    return {columns_ == 0 ? inputs[0].squeeze(1) : inputs[0].expand({inputs[0].size(0), columns_})};
  }
  std::vector<at::Tensor> run_unchecked(const std::vector<at::Tensor>& inputs) const override {
    return run(inputs);
  }
  std::vector<at::Tensor> run_timed(const std::vector<at::Tensor>& inputs,
                                    std::vector<double>& /*seconds*/) const override {
    return run(inputs);
  }
  const Program& program() const override { return program_; }

  mutable std::vector<int64_t> batches;
  mutable bool gradients = false;

 private:
  int64_t columns_;  // 0 = a vector
  Program program_;
};

TaskSpec two_classes() { return {TaskKind::kClassification, {"even", "odd"}}; }

TEST(PredictAll, TakesFewerRowsAtOnceOfLargeImages) {
  EXPECT_EQ(rows_at_once(512, Counting(1000, 32)), 512);
  EXPECT_EQ(rows_at_once(512, Counting(1000, 224)), 27);
  EXPECT_EQ(rows_at_once(512, Counting(1000, 4096)), 1);
  EXPECT_EQ(rows_at_once(512, Counting(10, 32)), 10);
  const Repeating plan(2);
  const Predictions found = predict_all(plan, Counting(30, 224), two_classes(), 512);
  EXPECT_THAT(plan.batches, ElementsAre(27, 3));
  EXPECT_EQ(found.outputs.size(0), 30);
}

TEST(PredictAll, KeepsTheOrderAndTheShorterLastBatch) {
  const Repeating plan(2);
  std::vector<int64_t> done;
  const Predictions result = predict_all(plan, Counting(7), two_classes(), 3,
                                         [&](int64_t rows, int64_t) { done.push_back(rows); });
  EXPECT_THAT(plan.batches, ElementsAre(3, 3, 1));
  EXPECT_THAT(done, ElementsAre(3, 6, 7));
  EXPECT_FALSE(plan.gradients);
  EXPECT_TRUE(result.outputs.select(1, 1).equal(at::arange(7, at::kFloat)));
  EXPECT_TRUE(result.targets.equal(at::arange(7, at::kLong).remainder(2)));
  EXPECT_FALSE(result.outputs.is_inference());
  EXPECT_THAT(result.labels, ElementsAre("even", "odd"));
}

TEST(PredictAll, TakesAVectorForASingleTarget) {
  const Predictions result =
      predict_all(Repeating(0), Counting(4), {TaskKind::kRegression, {"y"}}, 4);
  EXPECT_EQ(result.outputs.sizes(), at::IntArrayRef({4, 1}));
}

TEST(PredictAll, NamesTheShapeThatDoesNotFit) {
  try {
    predict_all(Repeating(3), Counting(4), two_classes(), 4);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kInput);
    EXPECT_THAT(error.what(), HasSubstr("shape [4, 3]"));
    EXPECT_THAT(error.what(), HasSubstr("[4, 2]"));
  }
}

TEST(PredictAll, RefusesAnEmptyDataSet) {
  EXPECT_THROW(predict_all(Repeating(2), Counting(0), two_classes(), 4), Error);
}

}  // namespace
}  // namespace maas
