#include "record/metrics_log.h"

#include <gmock/gmock.h>

#include <cmath>

#include "base/error.h"
#include "base/files.h"
#include "support/full_disk.h"
#include "train/run_scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;
using testing::Pair;

MetricsRow row(int64_t step, double loss) {
  return {.step = step,
          .epoch = static_cast<double>(step) / 8,
          .seconds = 0.5,
          .split = "train",
          .values = {{"loss", loss}, {"learning_rate", 0.001}}};
}

class MetricsLogTest : public RunScratch {
 protected:
  std::filesystem::path path_ = folder_ / "metrics.jsonl";
};

TEST_F(MetricsLogTest, WritesOneObjectALine) {
  MetricsLog log = MetricsLog::create(path_);
  log.append(row(1, 0.25));
  log.append(row(2, std::nan("")));
  EXPECT_EQ(
      read_file(path_),
      R"({"step":1,"epoch":0.125,"time":0.5,"split":"train","loss":0.25,"learning_rate":0.001})"
      "\n"
      R"({"step":2,"epoch":0.25,"time":0.5,"split":"train","loss":null,"learning_rate":0.001})"
      "\n");
}

TEST_F(MetricsLogTest, ReadsBackWhatItWrote) {
  MetricsLog log = MetricsLog::create(path_);
  log.append(row(1, 0.1));
  log.append(row(2, std::nan("")));
  const std::vector<MetricsRow> rows = read_metrics_log(path_);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].step, 1);
  EXPECT_EQ(rows[0].epoch, 0.125);
  EXPECT_EQ(rows[0].seconds, 0.5);
  EXPECT_EQ(rows[0].split, "train");
  ASSERT_EQ(rows[0].values.size(), 2u);
  EXPECT_THAT(rows[0].values[0], Pair("loss", 0.1));
  EXPECT_TRUE(std::isnan(rows[1].values[0].second));
}

TEST_F(MetricsLogTest, ResumesAsIfNeverInterrupted) {
  std::string uninterrupted;
  {
    MetricsLog log = MetricsLog::create(path_);
    for (int64_t step = 1; step <= 6; ++step) {
      log.append(row(step, 1.0 / static_cast<double>(step)));
      if (step == 4) uninterrupted = read_file(path_);
    }
  }
  MetricsLog log = MetricsLog::resume(path_, 4);
  EXPECT_EQ(read_file(path_), uninterrupted);
  log.append(row(5, 0.2));
  EXPECT_EQ(read_file(path_), uninterrupted + to_json_line(row(5, 0.2)));
}

TEST_F(MetricsLogTest, DropsATornLastLine) {
  const std::string whole = to_json_line(row(1, 1));
  write_file_atomically(path_, whole + R"({"step":2,"epoch":0.)");
  MetricsLog log = MetricsLog::resume(path_, 10);
  log.append(row(3, 3));
  EXPECT_EQ(read_file(path_), whole + to_json_line(row(3, 3)));
}

TEST_F(MetricsLogTest, SkipsLinesThatAreNoRows) {
  write_file_atomically(path_, "hello\n[1]\n{\"loss\":1}\n\n" + to_json_line(row(1, 1)));
  EXPECT_EQ(read_metrics_log(path_).size(), 1u);
}

TEST_F(MetricsLogTest, BeginsAMissingFileOnResume) {
  MetricsLog log = MetricsLog::resume(path_, 10);
  log.append(row(11, 1));
  EXPECT_EQ(read_metrics_log(path_).size(), 1u);
}

TEST_F(MetricsLogTest, CountsWhatAFullDiskLosesAndGoesOn) {
  MetricsLog log = MetricsLog::create(path_);
  log.append(row(1, 1));
  {
    const FullDisk full(std::filesystem::file_size(path_) + 10);
    log.append(row(2, 2));
  }
  EXPECT_EQ(log.lost(), 1);
  log.append(row(3, 3));
  EXPECT_EQ(read_file(path_), to_json_line(row(1, 1)) + to_json_line(row(3, 3)));
}

TEST_F(MetricsLogTest, SaysWhereItCannotBeMade) {
  try {
    MetricsLog::create(folder_ / "absent" / "metrics.jsonl");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kResources);
    EXPECT_THAT(error.what(), HasSubstr("absent/metrics.jsonl"));
  }
}

}  // namespace
}  // namespace maas
