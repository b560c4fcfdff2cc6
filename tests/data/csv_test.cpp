#include <ATen/ops/arange.h>
#include <ATen/ops/mean.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>

#include "data/batches.h"
#include "data/open_data.h"
#include "sample/csv_reader.h"
#include "sample/table_encoder.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> cells(const CsvTable& table) {
  std::vector<std::string> all;
  for (int64_t row = 0; row < table.rows(); ++row) {
    for (int64_t c = 0; c < table.columns(); ++c) all.emplace_back(table.at(row, c));
  }
  return all;
}

TEST(CsvReader, ReadsQuotesLineEndsAndTheByteOrderMark) {
  EXPECT_THAT(cells(parse_csv("\xef\xbb\xbf"
                              "a,b\r\n\"x,\"\"y\"\"\n\", 2 \n\n3,\r\"\",4",
                              "f", ',')),
              ElementsAre("a", "b", "x,\"y\"\n", "2", "3", "", "", "4"));
  EXPECT_EQ(parse_csv("", "f", ',').rows(), 0);
  EXPECT_EQ(parse_csv("\n\r\n", "f", ',').rows(), 0);
}

TEST(CsvReader, NamesLineAndColumnOfACell) {
  const CsvTable table = parse_csv("a,b\n\"x\ny\",22\n5,\"6\"\n", "f.csv", ',');
  EXPECT_EQ(table.place(1, 0), "f.csv:2:1");
  EXPECT_EQ(table.place(1, 1), "f.csv:3:4");
  EXPECT_EQ(table.place(2, 1), "f.csv:4:3");
}

TEST(CsvReader, NamesTheRaggedRowAndBadQuotes) {
  EXPECT_THAT(error_of([] { parse_csv("a,b\n1,2\n1,2,3\n", "f.csv", ','); }),
              HasSubstr("f.csv:3: 3 values; expected 2, as in the first row (line 1)"));
  EXPECT_THAT(error_of([] { parse_csv("a,b\n1,\"x\n2,3\n", "f.csv", ','); }),
              HasSubstr("f.csv:2:3: this quote is never closed"));
  EXPECT_THAT(error_of([] { parse_csv("a,b\n1,\"x\"y\n", "f.csv", ','); }),
              HasSubstr("f.csv:2:6: 'y' follows a closing quote"));
  EXPECT_THAT(error_of([] { parse_csv(std::string("a\0b", 3), "f.csv", ','); }),
              HasSubstr("NUL byte at byte 1"));
}

TEST(ParseNumber, TakesFiniteDecimalsOnly) {
  EXPECT_EQ(parse_number("-1.5e3"), -1500);
  EXPECT_EQ(parse_number("+2"), 2);
  for (const char* text : {"", "1,5", "0x10", "inf", "nan", "1e999", "3 ", "+-3", "++3", "abc"}) {
    EXPECT_FALSE(parse_number(text)) << text;
  }
}

DataConfig csv_config(const Scratch& scratch, const std::string& text) {
  DataConfig config;
  config.type = "csv";
  config.train.path.path = scratch.write("a.csv", text);
  config.label = "kind";
  config.rare = 0;
  return config;
}

constexpr const char* kFlowers =
    "size,colour,kind\n1.0,red,10\n2.0,blue,2\n3.0,red,10\n4.0,green,2\n5.0,red,1\n6.0,blue,1\n";

TEST(CsvDataset, TellsColumnTypesByTheirValues) {
  const Scratch scratch;
  const DataSplits splits = open_data(csv_config(scratch, kFlowers), 1);
  const auto& columns = splits.spec.input.columns;
  ASSERT_EQ(columns.size(), 2U);
  EXPECT_EQ(columns[0].name, "size");
  EXPECT_FALSE(columns[0].is_categorical());
  EXPECT_DOUBLE_EQ(columns[0].mean, 3.5);
  EXPECT_NEAR(columns[0].std_dev, 1.7078251, 1e-6);
  EXPECT_THAT(columns[1].categories, ElementsAre("blue", "green", "red"));
  EXPECT_THAT(splits.spec.task.labels, ElementsAre("1", "2", "10"));
  const Batch batch = load_batch(*splits.train, at::arange(6, at::kLong));
  EXPECT_EQ(batch.inputs[0].const_data_ptr<float>()[5], 6.0F);
  EXPECT_EQ(batch.inputs[1].const_data_ptr<int64_t>()[0], 3);
  EXPECT_EQ(batch.targets.const_data_ptr<int64_t>()[0], 2);
  EXPECT_EQ(splits.train->name_of(0), "a.csv:2");
}

TEST(CsvDataset, LetsTheConfigDeclareColumns) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, kFlowers);
  config.columns = {{"size", "categorical"}, {"colour", "ignore"}};
  EXPECT_EQ(open_data(config, 1).spec.input.columns[0].categories.size(), 6U);
  config.columns = {{"colour", "numeric"}};
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("a.csv:2:5: 'red' in column 'colour' is not a finite number"));
  config.columns = {{"color", "numeric"}};
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("did you mean 'colour'?"));
}

TEST(CsvDataset, DoesRegressionAndMultiLabel) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, "x,y,z,kind\n1,0,5,1.5\n2,1,6,2.5\n3,1,7,oops\n");
  config.task = "regression";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("a.csv:4:7: 'oops' in label column 'kind'; expected a finite number"));
  config.label = "x";
  config.columns = {{"kind", "ignore"}};
  EXPECT_EQ(load_batch(*open_data(config, 1).train, at::arange(3, at::kLong)).targets.sizes(),
            (std::vector<int64_t>{3, 1}));
  config.label = "y";
  config.task = "multi_label";
  EXPECT_THAT(open_data(config, 1).spec.task.labels, ElementsAre("y"));
  config.label.clear();
  config.labels = {"y", "x"};
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("a.csv:3:1: '2' in label column 'x'; expected 0 or 1"));
}

TEST(CsvDataset, TreatsMissingValuesAsAsked) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, "a,b,kind\n1,x,p\n,y,q\n3,,p\n5,x,q\n");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("a.csv:3:1: the value of column 'a' is missing"));
  config.missing = "mean";
  const Batch batch = load_batch(*open_data(config, 1).train, at::arange(4, at::kLong));
  EXPECT_EQ(batch.inputs[0].const_data_ptr<float>()[1], 3.0F);
  EXPECT_EQ(batch.inputs[1].const_data_ptr<int64_t>()[2], 0);
  config.missing = "drop";
  const DataSplits dropped = open_data(config, 1);
  EXPECT_EQ(dropped.train->size(), 2);
  EXPECT_EQ(dropped.train->name_of(1), "a.csv:5");
  EXPECT_THAT(dropped.warnings, ElementsAre("train: dropped 2 of 4 rows with missing values"));
}

TEST(CsvDataset, NamesTheMissingLabel) {
  const Scratch scratch;
  const DataConfig config = csv_config(scratch, "a,kind\n1,p\n2,\n");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("a.csv:3:3: the label 'kind' is missing"));
}

TEST(CsvDataset, WarnsOfOrRefusesUnknownCategories) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, kFlowers);
  config.test.path.path = scratch.write("t.csv", "kind,colour,size\n1,purple,9\n2,red,8\n");
  const DataSplits splits = open_data(config, 1);
  EXPECT_THAT(splits.warnings[0],
              testing::AllOf(HasSubstr("test: column 'colour': 1 value of categories"),
                             HasSubstr("t.csv:2:3: 'purple'")));
  const Batch batch = load_batch(*splits.test, at::arange(2, at::kLong));
  EXPECT_EQ(batch.inputs[1].const_data_ptr<int64_t>()[0], 0);
  EXPECT_EQ(batch.inputs[0].const_data_ptr<float>()[0], 9.0F);
  config.unknown = "error";
  EXPECT_THAT(error_of([&] { open_split(config, splits.spec, Split::kTest, 1); }),
              HasSubstr("'purple' in column 'colour'"));
}

// Rows 0 to 3 are learnt from; those of validation would move the mean.
TEST(CsvDataset, LearnsTheScalesOfNumbersToPredictFromTheTrainingRows) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, "a,kind,same\n1,400,7\n2,600,7\n3,400,7\n4,600,7\n");
  config.label.clear();
  config.labels = {"kind", "same"};
  config.task = "regression";
  config.validation_source.path.path = scratch.write("v.csv", "a,kind,same\n1,1e6,9\n");
  EXPECT_THAT(open_data(config, 1).spec.task.scales,
              ElementsAre(TargetScale{500, 100}, TargetScale{7, 1}));
  config.validation_source = {};
  config.validation = 0.5;
  const DataSplits half = open_data(config, 1);
  const at::Tensor targets = half.train->targets(at::arange(2, at::kLong)).select(1, 0);
  EXPECT_EQ(half.spec.task.scales[0].mean, targets.mean().item<double>());
  config.targets = "none";
  EXPECT_TRUE(open_data(config, 1).spec.task.scales.empty());
  config.targets = "standardize";
  config.task = "multi_label";
  EXPECT_FALSE(config.standardizes_targets());
}

std::string numbered(const std::string& header, int rows,
                     const std::function<std::string(int)>& row) {
  std::string text = header + "\n";
  for (int i = 0; i < rows; ++i) text += row(i) + "\n";
  return text;
}

TEST(CsvDataset, KeepsNumbersApartThatFloat32DoesNot) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, numbered("t,kind", 40, [](int i) {
                                   return fmt::format("{},{}", 1700000000000 + 7 * i, 20000000 + i);
                                 }));
  config.task = "regression";
  config.validation = 0.25;
  const DataSplits splits = open_data(config, 1);
  EXPECT_TRUE(splits.spec.input.float64);
  EXPECT_TRUE(splits.warnings.empty()) << splits.warnings[0];  // no row is another's duplicate
  const Batch batch = load_batch(*splits.train, at::arange(30, at::kLong));
  const double time = batch.inputs[0].const_data_ptr<double>()[3];
  EXPECT_EQ(time, 1700000000000 + 7 * (batch.targets.const_data_ptr<double>()[3] - 20000000));
  config.normalize = "none";
  EXPECT_FALSE(open_data(config, 1).spec.input.float64);
}

TEST(CsvDataset, StandardisesColumnsHoweverSmall) {
  const Scratch scratch;
  for (const double unit : {1e-14, 1e-35, 1e-200, 1e30}) {
    const DataConfig config =
        csv_config(scratch, numbered("x,same,kind", 4, [&](int i) {
                     return fmt::format("{},0.1,{}", unit * (i % 2 == 0 ? 1 : 3), i % 2);
                   }));
    const auto columns = open_data(config, 1).spec.input.columns;
    EXPECT_NEAR(columns[0].mean / unit, 2, 1e-12);
    EXPECT_NEAR(columns[0].std_dev / unit, 1, 1e-12);
    EXPECT_EQ(columns[1].std_dev, 1);  // constant
  }
}

// 40 rows whose column x holds numbers but for `odd` in line 5.
std::string with_odd_cell(const std::string& odd) {
  return numbered("x;kind", 40, [&](int i) {
    return (i == 3 ? odd : fmt::format("{}.25", i)) + (i % 2 == 0 ? ";a" : ";b");
  });
}

TEST(CsvDataset, NamesTheStrayCellsOfANumericColumn) {
  const Scratch scratch;
  const auto error = [&](const std::string& odd) {
    DataConfig config = csv_config(scratch, with_odd_cell(odd));
    config.delimiter = ";";
    return error_of([&] { open_data(config, 1); });
  };
  EXPECT_THAT(
      error("abc"),
      testing::AllOf(HasSubstr("a.csv:5:1: column 'x' holds numbers in 39 training rows, and "
                               "in 1 something else: 'abc' ("),
                     HasSubstr("a.csv:5:1); expected"), HasSubstr("data.missing_values: [\"abc\"]"),
                     HasSubstr("data.columns.x: categorical")));
  EXPECT_THAT(error("1,234"), HasSubstr("data.decimal: \",\""));
  EXPECT_THAT(error("inf"), HasSubstr("'inf'"));
  for (const char* odd : {"n/a", "None", "<NA>", "-"}) {
    EXPECT_THAT(error(odd), HasSubstr("a.csv:5:1: the value of column 'x' is missing")) << odd;
  }
}

TEST(CsvDataset, ReadsMissingNumbersAndOtherSigns) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, with_odd_cell("k.A."));
  config.delimiter = ";";
  config.missing = "mean";
  config.missing_values = {"k.A."};
  EXPECT_FALSE(open_data(config, 1).spec.input.columns[0].is_categorical());
  EXPECT_EQ(open_data(config, 1).spec.input.format.missing_values, config.missing_values);
  config.missing = "drop";
  EXPECT_EQ(open_data(config, 1).train->size(), 39);
  config = csv_config(scratch, "x;kind\n1.000,5;a\n2.000,5;b\n");
  config.delimiter = ";";
  config.decimal = ",";
  config.thousands = ".";
  EXPECT_EQ(open_data(config, 1).spec.input.columns[0].mean, 1500.5);
  config.thousands = ",";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }, ErrorKind::kUsage),
              HasSubstr("data.thousands"));
}

TEST(CsvDataset, TakesFewCodesForCategories) {
  const Scratch scratch;
  const DataConfig config =
      csv_config(scratch, numbered("x,kind", 60, [](int i) {
                   return fmt::format("{},{}", i == 7 ? "A" : std::to_string(i % 5), i % 2);
                 }));
  EXPECT_EQ(open_data(config, 1).spec.input.columns[0].categories.size(), 6U);
}

TEST(CsvDataset, RefusesTextThatIsNotUtf8OrDecodesIt) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, "x,kind\n1,caf\xe9\n2,th\xe9\n");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("a.csv: is not UTF-8 at byte 12"));
  config.encoding = "latin-1";
  EXPECT_THAT(open_data(config, 1).spec.task.labels, ElementsAre("caf\xc3\xa9", "th\xc3\xa9"));
}

TEST(CsvDataset, RefusesALabelThatTheModelLacks) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, kFlowers);
  config.test.path.path = scratch.write("t.csv", "kind,colour,size\n7,red,9\n");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("t.csv:2:1: label '7' is not known"));
}

TEST(CsvDataset, ReadsTablesWithoutAHeader) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, "1;x\n2;y\n3;x\n");
  config.header = false;
  config.delimiter = ";";
  config.label = "column_2";
  EXPECT_EQ(open_data(config, 1).train->size(), 3);
}

TEST(CsvDataset, TellsWhatColumnsOfOneNameAreCalled) {
  const Scratch scratch;
  const DataSplits data = open_data(csv_config(scratch, "a,a,kind\n1,2,x\n2,1,y\n3,5,x\n"), 1);
  EXPECT_EQ(data.spec.input.columns.at(1).name, "a_2");
  EXPECT_THAT(data.warnings,
              testing::Contains(HasSubstr(
                  "a.csv:1:3: the name 'a' is another column's, too, and the column is called "
                  "'a_2'")));
}

TEST(CsvDataset, DropsRowsWithoutALabelWhereThatIsAsked) {
  const Scratch scratch;
  DataConfig config = csv_config(scratch, "a,kind\n1,x\n2,\n3,y\n4,NA\n5,x\n");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("data.missing_label: drop"));
  config.missing_label = "drop";
  const DataSplits data = open_data(config, 1);
  EXPECT_EQ(data.train->size(), 3);
  EXPECT_EQ(data.train->name_of(1), "a.csv:4");
  EXPECT_THAT(data.warnings, testing::Contains(HasSubstr("dropped 2 of 5 rows without a label")));
}

TEST(CsvDataset, RefusesEmptyTables) {
  const Scratch scratch;
  EXPECT_THAT(error_of([&] { open_data(csv_config(scratch, ""), 1); }), HasSubstr("no row"));
  EXPECT_THAT(error_of([&] { open_data(csv_config(scratch, "a,kind\n"), 1); }),
              HasSubstr("0 samples"));
  EXPECT_THAT(error_of([&] { open_data(csv_config(scratch, "a,kin\n1,2\n"), 1); }),
              HasSubstr("there is no column 'kind'; did you mean 'kin'?"));
}

}  // namespace
}  // namespace maas
