// Columns of a table that decide which rows are kept apart.
#include "data/table_marks.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "data/batches.h"
#include "data/open_data.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::vector<std::string> names_of(const std::shared_ptr<const Dataset>& split) {
  std::vector<std::string> names;
  for (int64_t i = 0; i < split->size(); ++i) names.push_back(split->name_of(i));
  return names;
}

// Columns c, n and the label y.
DataConfig table_config(const Scratch& scratch, const std::string& rows) {
  DataConfig config;
  config.type = "csv";
  config.train.path.path = scratch.write("t.csv", "c,n,y\n" + rows);
  config.label = "y";
  return config;
}

// Twenty rows, two of each patient, with dates that run backwards.
DataConfig marked_config(const Scratch& scratch) {
  std::string rows = "patient,day,n,y\n";
  for (int i = 0; i < 20; ++i) {
    rows += fmt::format("P{},2021-01-{:02},{},{}\n", i % 10, 20 - i, i, i % 4 < 2 ? "p" : "q");
  }
  DataConfig config;
  config.type = "csv";
  config.train.path.path = scratch.write("t.csv", rows);
  config.label = "y";
  config.test_fraction = 0.2;
  return config;
}

TEST(TableMarks, KeepsRowsOfOneGroupTogether) {
  const Scratch scratch;
  DataConfig config = marked_config(scratch);
  config.group = "patient";
  config.columns = {{"day", "ignore"}};
  const DataSplits splits = open_data(config, 1);
  ASSERT_EQ(splits.spec.input.columns.size(), 1U);
  EXPECT_EQ(splits.spec.input.columns[0].name, "n");
  std::vector<int64_t> patients;
  const at::Tensor n = load_batch(*splits.test, at::arange(4, at::kLong)).inputs[0];
  for (int64_t i = 0; i < 4; ++i) patients.push_back(n[i].item<int64_t>() % 10);
  std::sort(patients.begin(), patients.end());
  EXPECT_EQ(patients[0], patients[1]);
  EXPECT_EQ(patients[2], patients[3]);
  config.columns.clear();
  config.columns["patient"] = "categorical";
  EXPECT_EQ(open_data(config, 1).spec.input.columns[0].name, "patient");
}

TEST(TableMarks, TestsOnTheLastRowsOfAnOrder) {
  const Scratch scratch;
  DataConfig config = marked_config(scratch);
  config.order = "day";
  config.validation = 0.1;
  config.columns = {{"patient", "ignore"}};
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(names_of(splits.test),
            (std::vector<std::string>{"t.csv:2", "t.csv:3", "t.csv:4", "t.csv:5"}));
  EXPECT_EQ(names_of(splits.validation), (std::vector<std::string>{"t.csv:6", "t.csv:7"}));
  EXPECT_EQ(names_of(open_split(config, splits.spec, Split::kTest, 9)), names_of(splits.test));
}

TEST(TableMarks, OfTheTrainingRowsGoOn) {
  const Scratch scratch;
  DataConfig config = table_config(scratch, "a,9,p\na,10,q\nb,8,p\nb,7,q\n");
  config.order = "n";
  config.test_fraction = 0.25;
  const DataSplits ordered = open_data(config, 1);
  EXPECT_FALSE(ordered.groups.defined());
  EXPECT_TRUE(ordered.ranks.argsort().equal(at::tensor({2, 1, 0}, at::kLong)));
  config.order = "", config.group = "c", config.test_fraction = 0;
  EXPECT_TRUE(open_data(config, 1).groups.equal(at::tensor({0, 0, 1, 1}, at::kLong)));
}

TEST(TableMarks, OrdersNumbersByValue) {
  const Scratch scratch;
  DataConfig config = table_config(scratch, "a,9,p\na,10,q\nb,8,p\nb,7,q\n");
  config.order = "n";
  config.test_fraction = 0.25;
  EXPECT_EQ(names_of(open_data(config, 1).test), (std::vector<std::string>{"t.csv:3"}));
}

TEST(TableMarks, RefusesColumnsThatCannotDecideASplit) {
  const Scratch scratch;
  DataConfig config = marked_config(scratch);
  config.group = "y";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }, ErrorKind::kUsage),
              HasSubstr("data.group: 'y' is the label"));
  config.group = "patient";
  config.order = "day";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }, ErrorKind::kUsage),
              HasSubstr("data.group: is given beside order"));
  config.order = "";
  config.group = "patent";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("did you mean 'patient'"));
}

TEST(TableMarks, RefusesAnOrderThatReadsInTwoWays) {
  const Scratch scratch;
  DataConfig config = table_config(scratch, "1/2/2021,1,p\n3/4/2021,2,q\n5/6/2021,3,p\n");
  config.order = "c";
  config.test_fraction = 0.3;
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("the day could come first or the month ('1/2/2021')"));
  config.train.path.path = scratch.write("t.csv", "c,n,y\n1,2,p\n,1,q\n3,1,q\n");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("t.csv:3:1: the value of data.order, column 'c' is missing"));
}

}  // namespace
}  // namespace maas
