#include "record/report_examples.h"

#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace maas {
namespace {

using testing::ElementsAre;

// Grey pictures of size x size whose pixels are the row's number.
class Pictures : public Dataset {
 public:
  Pictures(int64_t rows, int64_t size) : rows_(rows), size_(size) {}
  int64_t size() const override { return rows_; }
  Batch rows(const at::Tensor& index) const override {
    Batch batch;
    batch.inputs = {
        index.to(at::kByte).view({-1, 1, 1, 1}).expand({index.size(0), 1, size_, size_})};
    batch.targets = at::zeros_like(index);
    return batch;
  }
  const DataSpec& spec() const override { return spec_; }
  std::string name_of(int64_t i) const override { return "row:" + std::to_string(i); }

 private:
  int64_t rows_, size_;
  DataSpec spec_;
};

// A table with one row.
class OneRow : public Dataset {
 public:
  OneRow() {
    spec_.input.kind = InputKind::kTable;
    ColumnSpec age, job, town;
    age.name = "age";
    job.name = "job";
    town.name = "town";
    job.type = town.type = ColumnType::kCategorical;
    job.categories = {"clerk", "cook"};
    spec_.input.columns = {job, age, town};
  }
  int64_t size() const override { return 1; }
  Batch rows(const at::Tensor&) const override {
    return {{at::tensor({39.5f}).view({1, 1}), at::tensor({2, 0}, at::kLong).view({1, 2})},
            at::tensor({0}, at::kLong)};
  }
  const DataSpec& spec() const override { return spec_; }
  std::string name_of(int64_t) const override { return "people.csv:2"; }

 private:
  DataSpec spec_;
};

Predictions of(const std::vector<double>& logits, int64_t classes,
               const std::vector<int64_t>& targets) {
  Predictions predictions;
  predictions.targets = at::tensor(targets, at::kLong);
  predictions.outputs = at::tensor(logits, at::kDouble).view({-1, classes});
  return predictions;
}

std::vector<std::string> names(const std::vector<ReportExample>& examples) {
  std::vector<std::string> result;
  for (const ReportExample& example : examples) result.push_back(example.name);
  return result;
}

TEST(ReportExamples, AreTheMistakesWithTheHighestLoss) {
  const Predictions predictions = of({0, 1, 0, 3, 2, 0, 0, 2}, 2, {0, 0, 0, 0});
  const std::vector<ReportExample> examples = report_examples(predictions, Pictures(4, 2));
  EXPECT_THAT(names(examples), ElementsAre("row:1", "row:3", "row:0"));
  EXPECT_EQ(examples[0].truth, 0);
  EXPECT_EQ(examples[0].predicted, 1);
  EXPECT_NEAR(examples[0].loss, std::log1p(std::exp(3.)), 1e-12);
  EXPECT_NEAR(examples[0].probability + examples[0].truth_probability, 1, 1e-12);
  EXPECT_EQ(examples[1].image.sizes(), at::IntArrayRef({1, 2, 2}));
  EXPECT_EQ(examples[1].image.sum().item<int64_t>(), 3 * 4);
}

TEST(ReportExamples, ShowEveryCellOfTheConfusionMatrix) {
  // Rows 0 to 2 are 0 taken for 1 with falling loss, row 3 is 0 taken for 2 with the lowest.
  const Predictions predictions = of({0, 9, 0, 0, 8, 0, 0, 7, 0, 0, 0, 1}, 3, {0, 0, 0, 0});
  ExampleLimits limits;
  limits.worst = 1;
  limits.per_cell = 1;
  EXPECT_THAT(names(report_examples(predictions, Pictures(4, 2), limits)),
              ElementsAre("row:0", "row:3"));
}

TEST(ReportExamples, StopBeforeThePageGetsTooLarge) {
  const Predictions predictions = of({0, 9, 0, 8, 0, 7}, 2, {0, 0, 0});
  ExampleLimits limits;
  limits.pixels = 2 * kReportImageSide * kReportImageSide;
  EXPECT_EQ(report_examples(predictions, Pictures(3, 1000), limits).size(), 2u);
}

TEST(ReportExamples, ShowARowOfATableInWords) {
  const std::vector<ReportExample> examples = report_examples(of({0, 1}, 2, {0}), OneRow());
  ASSERT_EQ(examples.size(), 1u);
  EXPECT_EQ(examples[0].text, "age: 39.5\njob: cook\ntown: ?");
  EXPECT_FALSE(examples[0].image.defined());
}

TEST(ReportPoints, AreSpreadOverTheRows) {
  Predictions predictions = of({0, 10, 20, 30, 40, 50}, 1, {});
  predictions.task = TaskKind::kRegression;
  predictions.targets = at::tensor({0., 1., 2., 3., 4., 5.}, at::kDouble).view({6, 1});
  const std::vector<ReportPoint> points = report_points(predictions, 3);
  ASSERT_EQ(points.size(), 3u);
  EXPECT_EQ(points[1].truth, 2);
  EXPECT_EQ(points[2].predicted, 40);
}

}  // namespace
}  // namespace maas
