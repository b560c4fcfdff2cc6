// What cells of a table become: signs of numbers, dates, rare categories.
#include <ATen/ops/arange.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "data/batches.h"
#include "data/open_data.h"
#include "sample/raw_input.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

struct ColumnReading : testing::Test {
  // A column x, quoted, of `cells`, with the label y.
  DataSplits read(const std::vector<std::string>& cells) {
    std::string text = "x,y\n";
    for (size_t i = 0; i < cells.size(); ++i) {
      text += fmt::format("\"{}\",{}\n", cells[i], i % 2 == 0 ? "p" : "q");
    }
    config.train.path.path = scratch.write("t.csv", text);
    return open_data(config, 1);
  }
  static std::vector<float> numbers(const DataSplits& splits) {
    const at::Tensor rows = at::arange(splits.train->size(), at::kLong);
    const at::Tensor x = load_batch(*splits.train, rows).inputs[0].to(at::kFloat);
    return {x.const_data_ptr<float>(), x.const_data_ptr<float>() + x.numel()};
  }
  ColumnReading() {
    config.type = "csv";
    config.label = "y";
  }
  const Scratch scratch;
  DataConfig config;
};

// Not categories, each of which would count as unknown.
TEST_F(ColumnReading, RefusesNumbersOfTwoWaysOfWriting) {
  std::vector<std::string> percent, commas;
  for (int i = 0; i < 60; ++i) {
    percent.push_back(fmt::format("{}.5{}", i, i % 2 == 0 ? "" : "%"));
    commas.push_back(fmt::format("{},7", i));
  }
  EXPECT_THAT(error_of([&] { read(percent); }),
              AllOf(HasSubstr("the sign 'none' and with % ('1.5%')"), HasSubstr("one sign")));
  config.decimal = ".";
  EXPECT_THAT(error_of([&] { read(commas); }),
              AllOf(HasSubstr("'0,7'"), HasSubstr("data.decimal: \",\"")));
}

TEST_F(ColumnReading, TakesNoSpellingOfMissingForANumberToPredict) {
  config.task = "regression";
  for (const char* missing : {"NA", "n/a", "None", "-", "<NA>"}) {
    config.train.path.path =
        scratch.write("t.csv", fmt::format("x,y\n1,2\n2,{}\n3,4\n4,5\n", missing));
    EXPECT_THAT(error_of([&] { open_data(config, 1).spec; }),
                AllOf(HasSubstr("the label 'y' is missing"), HasSubstr("data.missing_label: drop")))
        << missing;
  }
  config.missing_label = "drop";
  EXPECT_EQ(open_data(config, 1).train->size(), 3);
}

TEST_F(ColumnReading, TellsOfLabelsThatDifferInSpellingAlone) {
  config.train.path.path =
      scratch.write("t.csv", "x,y\n1,True\n2,false\n3,true\n4,false\n5,true\n");
  EXPECT_THAT(open_data(config, 1).warnings,
              Contains(HasSubstr("the labels 'True' and 'true' count as two classes")));
}

TEST_F(ColumnReading, ReadsCurrenciesAndPercent) {
  DataSplits splits = read({"$1,234.50", "-$2.00", "$0"});
  EXPECT_THAT(numbers(splits), ElementsAre(1234.5, -2, 0));
  EXPECT_EQ(splits.spec.input.columns[0].sign, "$");
  EXPECT_EQ(splits.spec.input.format.thousands, ",");
  EXPECT_THAT(splits.warnings, ElementsAre(HasSubstr("'.' before the decimals and ',' between"),
                                           HasSubstr("numbers with the sign '$'")));
  splits = read({"12 %", "5%", "7.5 %"});
  EXPECT_THAT(numbers(splits), ElementsAre(12, 5, 7.5));
  EXPECT_THAT(splits.warnings, ElementsAre(HasSubstr("12 of '12 %'")));
  config.columns = {{"x", "numeric"}};
  EXPECT_THAT(read({"12 %", "5%", "7.5 %"}).warnings, IsEmpty());
  // A model reads them with the sign or without, in CSV and in JSON.
  for (const char* text : {"x\n12 %\n", "x\n12\n"}) {
    EXPECT_EQ(decode_csv(text, "f", splits.spec.input)[0].item<float>(), 12);
  }
  EXPECT_EQ(decode_json(R"({"x": 12})", "f", splits.spec.input)[0].item<float>(), 12);
  EXPECT_THAT(error_of([&] { decode_csv("x\n$12\n", "f", splits.spec.input); }),
              HasSubstr("'$12' in column 'x' is not a finite number"));
}

TEST_F(ColumnReading, RefusesTwoSignsInOneColumn) {
  EXPECT_THAT(error_of([&] {
                read({"$1.25", "$2.5", "$3.75", "$4", "$5", "$6", "$7", "$8", "$9", "\u20ac 10"});
              }),
              AllOf(HasSubstr("t.csv:11:"), HasSubstr("the sign '$' and with \u20ac")));
}

TEST_F(ColumnReading, GuessesTheDecimalSignAndTheModelKeepsIt) {
  const DataSplits splits = read({"1.234,5", "0,25", "7"});
  EXPECT_THAT(numbers(splits), ElementsAre(1234.5, 0.25, 7));
  EXPECT_EQ(splits.spec.input.format.decimal, ",");
  EXPECT_EQ(decode_csv("x\n\"2,5\"\n", "f", splits.spec.input)[0].item<float>(), 2.5);
  DataSplits again;
  again.train = open_split(config, splits.spec, Split::kTrain, 1);
  EXPECT_THAT(numbers(again), ElementsAre(1234.5, 0.25, 7));
}

TEST_F(ColumnReading, MakesNumbersOfDates) {
  const DataSplits splits =
      read({"2020-12-31", "2021-01-01", "2021-06-15T12:00:00Z", "2021-06-16 18:30"});
  const ColumnSpec& column = splits.spec.input.columns.at(0);
  EXPECT_EQ(column.date, DateOrder::kYearFirst);
  std::vector<std::string> names;
  for (const NumericFeature& feature : splits.spec.input.numeric_features()) {
    names.push_back(feature.name);
  }
  EXPECT_THAT(names, ElementsAre("x.year", "x.month_sin", "x.month_cos", "x.day", "x.weekday_sin",
                                 "x.weekday_cos", "x.hour_sin", "x.hour_cos", "x.days"));
  const std::vector<float> all = numbers(splits);
  ASSERT_EQ(all.size(), 4U * 9);
  EXPECT_EQ(all[0], 20);
  EXPECT_EQ(all[9 + 3], 1);
  EXPECT_EQ(all[18 + 8], 18793.5F - 10957);
  EXPECT_THAT(splits.warnings, ElementsAre(AllOf(HasSubstr("column 'x' is read as dates"),
                                                 HasSubstr("data.columns.x: date"))));
}

TEST_F(ColumnReading, LeavesOutWhatIsTheSameInEveryDate) {
  config.columns = {{"x", "date"}};
  const DataSplits splits = read({"1/3/2021", "8/3/2021", "15/3/2021"});  // Mondays
  EXPECT_EQ(splits.spec.input.columns[0].date, DateOrder::kDayFirst);
  std::vector<std::string> names;
  for (const NumericFeature& part : splits.spec.input.columns[0].date_parts) {
    names.push_back(part.name);
  }
  EXPECT_THAT(names, ElementsAre("day", "days"));
  EXPECT_THAT(splits.warnings, IsEmpty());
}

TEST_F(ColumnReading, RefusesDatesThatReadInTwoWays) {
  const std::vector<std::string> cells = {"1/3/2021", "2/4/2021", "3/5/2021"};
  EXPECT_THAT(error_of([&] { read(cells); }),
              AllOf(HasSubstr("t.csv:2:"), HasSubstr("the day could come first or the month"),
                    HasSubstr("set data.dates: day_first or month_first")));
  config.dates = "month_first";
  EXPECT_EQ(read(cells).spec.input.columns[0].date, DateOrder::kMonthFirst);
  EXPECT_THAT(error_of([&] { read({"13/3/2021", "2/4/2021"}); }), HasSubstr("'13/3/2021'"));
}

TEST_F(ColumnReading, NamesTheCellThatIsNoDate) {
  std::vector<std::string> cells;
  for (int i = 1; i < 28; ++i) cells.push_back(fmt::format("2021-03-{:02}", i));
  const DataSplits splits = read(cells);
  EXPECT_THAT(error_of([&] { decode_csv("x\n2021-03-04\n4.3.2021\n", "f", splits.spec.input); }),
              AllOf(HasSubstr("f:3:1: '4.3.2021' in column 'x' is no date"),
                    HasSubstr("one such as 2021-03-14")));
  EXPECT_THAT(error_of([&] { decode_json(R"([{"x": 5}])", "body", splits.spec.input); }),
              HasSubstr("body[0].x: '5' in column 'x' is no date"));
  cells[5] = "soon";
  EXPECT_THAT(error_of([&] { read(cells); }),
              AllOf(HasSubstr("holds dates in 26 training rows, and in 1 something else: 'soon'"),
                    HasSubstr("data.columns.x: categorical")));
  cells[5] = "";
  EXPECT_THAT(error_of([&] { read(cells); }), HasSubstr("the value of column 'x' is missing"));
  config.missing = "mean";
  const DataSplits filled = read(cells);
  const auto& parts = filled.spec.input.columns[0].date_parts;
  ASSERT_EQ(parts.back().name, "days");
  EXPECT_NEAR(numbers(filled)[6 * parts.size() - 1], parts.back().mean, 1e-2);
}

TEST_F(ColumnReading, CountsRareCategoriesAsUnknown) {
  config.rare = 3;
  const DataSplits splits = read({"a", "a", "a", "b", "b", "c", "a", "d", "d", "d"});
  EXPECT_THAT(splits.spec.input.columns[0].categories, ElementsAre("a", "d"));
  EXPECT_THAT(splits.spec.input.columns[0].rare, ElementsAre("b", "c"));
  EXPECT_THAT(splits.warnings,
              Contains("column 'x': 2 of 4 categories are in fewer than 3 training rows and count "
                       "as unknown (first: 'b'); data.rare: 1 learns them all"));
  EXPECT_THAT(splits.warnings, testing::Not(Contains(HasSubstr("that training did not have"))));
  std::vector<std::string> warnings;
  EXPECT_EQ(decode_csv("x\nb\n", "f", splits.spec.input, &warnings)[0].item<int64_t>(), 0);
  EXPECT_THAT(warnings, IsEmpty());
  decode_csv("x\nz\n", "f", splits.spec.input, &warnings);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("categories that training did not have")));
  config.rare = 0;
  EXPECT_EQ(read({"a", "b", "c"}).spec.input.columns[0].categories.size(), 3U);
}

}  // namespace
}  // namespace maas
