#include "record/run_log.h"

#include <gmock/gmock.h>

#include <optional>

#include "support/full_disk.h"
#include "train/run_scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RunLogTest : public RunScratch {
 protected:
  RunLog log(int64_t every) {
    return RunLog(folder_, every, [this](const std::string& text) { warnings_.push_back(text); });
  }
  static StepNews step(int64_t number, double loss) {
    StepNews news;
    news.step = number;
    news.total_steps = 100;
    news.loss = loss;
    return news;
  }
  std::vector<MetricsRow> rows() const { return read_metrics_log(folder_ / "metrics.jsonl"); }
  std::vector<std::string> warnings_;
};

TEST_F(RunLogTest, WritesTheMeanLossOfEverySoManySteps) {
  RunLog made = log(2);
  for (int64_t i = 1; i <= 5; ++i) made.on_step(step(i, static_cast<double>(i)));
  made.on_step(step(100, 8));
  EpochNews epoch;
  epoch.step = 100;
  epoch.validation = {{"accuracy", 0.5}};
  made.on_epoch(epoch);
  made.finish();
  const auto found = rows();
  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0].values[0].second, 1.5);
  EXPECT_EQ(found[1].values[0].second, 3.5);
  EXPECT_EQ(found[2].values[0].second, 6.5);
  EXPECT_EQ(found[3].split, "validation");
  EXPECT_THAT(found[3].values, ElementsAre(testing::Pair("accuracy", 0.5)));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(RunLogTest, NamesTheFoldAndTakesNoLossIntoTheNext) {
  RunLog made = log(2);
  for (int64_t i = 1; i <= 6; ++i) {
    StepNews news = step(i, static_cast<double>(i));
    news.fold = i <= 3 ? 1 : 2;
    made.on_step(news);
  }
  made.finish();
  const auto found = rows();
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].fold, 1);
  EXPECT_EQ(found[1].fold, 2);
  EXPECT_EQ(found[1].values[0].second, 4);
  EXPECT_EQ(found[2].values[0].second, 5.5);
}

TEST_F(RunLogTest, WritesTheLossOfValidationBesideThatOfTraining) {
  RunLog made = log(1);
  made.on_step(step(1, 3));
  EpochNews epoch;
  epoch.step = 1;
  epoch.validation = {{"accuracy", 0.5}};
  epoch.validation_loss = 2;
  made.on_epoch(epoch);
  made.finish();
  const auto found = rows();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].values[0].first, "loss");
  EXPECT_THAT(found[1].values,
              ElementsAre(testing::Pair("loss", 2), testing::Pair("accuracy", 0.5)));
}

TEST_F(RunLogTest, ResumesWithinAMean) {
  std::map<std::string, double> numbers;
  {
    RunLog made = log(4);
    for (int64_t i = 1; i <= 3; ++i) made.on_step(step(i, static_cast<double>(i)));
    made.on_save(numbers);
    made.on_step(step(4, 100));  // lost with the process
  }
  RunLog resumed = log(4);
  resumed.on_resume(3, numbers);
  resumed.on_step(step(4, 4));
  resumed.finish();
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].values[0].second, 2.5);
}

TEST_F(RunLogTest, ResumedBehindAFoldTakesNoLossIntoTheNext) {
  std::map<std::string, double> numbers;
  const auto of_fold = [](int64_t number, int64_t fold) {
    StepNews news = step(number, static_cast<double>(number));
    news.fold = fold;
    return news;
  };
  {
    RunLog made = log(4);
    for (int64_t i = 1; i <= 3; ++i) made.on_step(of_fold(i, 1));
    made.on_save(numbers);
  }
  RunLog resumed = log(4);
  resumed.on_resume(3, numbers);
  resumed.on_step(of_fold(4, 2));
  resumed.finish();
  ASSERT_EQ(rows().size(), 1u);
  EXPECT_EQ(rows()[0].values[0].second, 4);
}

TEST_F(RunLogTest, GoesOnWithoutFilesAndCountsWhatTheyMiss) {
  std::filesystem::create_directory(folder_ / "metrics.jsonl");
  {
    RunLog made = log(1);
    for (int64_t i = 1; i <= 3; ++i) made.on_step(step(i, 1));
    made.finish();
    made.finish();
  }
  EXPECT_THAT(warnings_,
              ElementsAre(AllOf(HasSubstr("no metrics.jsonl"), HasSubstr("Is a directory")),
                          "3 lines of metrics.jsonl and 0 TensorBoard points could not be "
                          "written"));
}

TEST_F(RunLogTest, GoesOnWhereNeitherFileCanBeMade) {
  std::filesystem::remove_all(folder_);
  RunLog made = log(1);
  for (int64_t i = 1; i <= 3; ++i) made.on_step(step(i, 1));
  made.finish();
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("no metrics.jsonl"), HasSubstr("no TensorBoard"),
                                     HasSubstr("3 lines of metrics.jsonl and 6 TensorBoard")));
}

TEST_F(RunLogTest, CountsWhatAFullDiskLoses) {
  RunLog made = log(1);
  made.on_step(step(1, 1));
  {
    const FullDisk full(1);
    made.on_step(step(2, 1));
    made.on_epoch({});
  }
  made.on_step(step(3, 1));
  made.finish();
  EXPECT_THAT(
      warnings_,
      ElementsAre("1 lines of metrics.jsonl and 4 TensorBoard points could not be written"));
  ASSERT_EQ(rows().size(), 2u);
  EXPECT_EQ(rows()[1].step, 3);
}

}  // namespace
}  // namespace maas
