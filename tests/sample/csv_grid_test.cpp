#include "sample/csv_grid.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/scratch.h"

namespace maas {
namespace {

std::vector<std::string> names(const std::string& text, bool has_header = true) {
  return column_names(parse_csv(text, "t.csv", ','), has_header);
}

TEST(CsvGrid, ColumnsWithoutANameAreCalledByTheirPlace) {
  EXPECT_THAT(names(",a,,b,\n1,2,3,4,\n"),
              testing::ElementsAre("column_1", "a", "column_3", "b", "column_5"));
  EXPECT_THAT(names("1,2\n", false), testing::ElementsAre("column_1", "column_2"));
}

TEST(CsvGrid, LaterColumnsOfOneNameGetANumberThatNoOtherHas) {
  EXPECT_THAT(names("x,x,x\n1,2,3\n"), testing::ElementsAre("x", "x_2", "x_3"));
  EXPECT_THAT(names("x,x,x_2\n1,2,3\n"), testing::ElementsAre("x", "x_3", "x_2"));
  EXPECT_THAT(names(",column_1\n1,2\n"), testing::ElementsAre("column_1_2", "column_1"));
}

TEST(CsvGrid, FindsAColumnByTheNameItWasGiven) {
  const CsvGrid grid(parse_csv("x,x\n1,2\n", "t.csv", ','), {});
  const Cell cell = grid.cell(0, grid.find("x_2"));
  EXPECT_EQ(cell.view(), "2");
}

TEST(CsvGrid, SaysWhatAHeaderWithoutTheColumnLooksLike) {
  const auto fault = [](const std::string& text, const std::string& name) {
    const CsvGrid grid(parse_csv(text, "t.csv", '|'), {});
    return error_of([&] { grid.find(name); });
  };
  EXPECT_THAT(fault("age,k\n1,2\n", "age"), testing::HasSubstr("separated by ','"));
  EXPECT_THAT(fault("age;k\n1;2\n", "k"), testing::HasSubstr("separated by ';'"));
  EXPECT_THAT(fault("age\tk\n1\t2\n", "age"), testing::HasSubstr("separated by tabs"));
  EXPECT_THAT(fault("gr\u00c3\u00b6\u00c3\u009fe|k\n1|2\n", "gr\u00f6\u00dfe"),
              testing::HasSubstr("the file is UTF-8"));
  EXPECT_THAT(fault("age|k\n1|2\n", "agee"), testing::HasSubstr("check the name"));
}

}  // namespace
}  // namespace maas
