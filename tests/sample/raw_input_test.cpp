#include "sample/raw_input.h"

#include <gmock/gmock.h>

#include "sample/picture.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

InputSpec image_spec() {
  InputSpec spec;
  spec.channels = 1;
  spec.height = 2;
  spec.width = 3;
  return spec;
}

InputSpec table_spec() {
  InputSpec spec;
  spec.kind = InputKind::kTable;
  spec.columns = {
      {.name = "size", .mean = 7, .categories = {}},
      {.name = "colour", .type = ColumnType::kCategorical, .categories = {"blue", "red"}}};
  return spec;
}

std::vector<int64_t> sizes(const at::Tensor& tensor) { return tensor.sizes().vec(); }

TEST(DecodeImage, GivesABatchOfOne) {
  const Scratch scratch;
  const std::string path = scratch.write("a.png", png_of(Picture::filled(3, 2, {10, 10, 10})));
  const auto inputs = decode_image_file(path, image_spec());
  ASSERT_EQ(inputs.size(), 1U);
  EXPECT_EQ(sizes(inputs[0]), (std::vector<int64_t>{1, 1, 2, 3}));
  EXPECT_EQ(inputs[0].const_data_ptr<uint8_t>()[0], 10);
  EXPECT_THAT(error_of([&] { decode_image_file(path, table_spec()); }),
              HasSubstr("rows of a table"));
  EXPECT_THAT(
      error_of([&] { decode_image(png_of(Picture::filled(4, 4, {1})), "body", image_spec()); }),
      testing::AllOf(HasSubstr("4 x 4"), HasSubstr("3 x 2")));
}

TEST(DecodeImage, SaysWhatAModelOfPicturesTakesInsteadOfARow) {
  EXPECT_THAT(error_of([&] { decode_json(R"({"size": 1})", "body", image_spec()); }),
              testing::AllOf(HasSubstr(R"(body: is {"size":1})"), HasSubstr("[1, 2, 3]"),
                             HasSubstr("no rows of a table")));
}

TEST(DecodeCsv, FindsColumnsByNameOrByCount) {
  for (const char* text : {"colour,kind,size\nred,x,1.5\nblue,y,2\n", "1.5,red\n2,blue\n"}) {
    const auto inputs = decode_csv(text, "in", table_spec());
    ASSERT_EQ(inputs.size(), 2U);
    EXPECT_EQ(inputs[0].const_data_ptr<float>()[0], 1.5F);
    EXPECT_EQ(inputs[1].const_data_ptr<int64_t>()[0], 2);
    EXPECT_EQ(inputs[1].const_data_ptr<int64_t>()[1], 1);
  }
  EXPECT_EQ(decode_csv("1,pink", "in", table_spec())[1].const_data_ptr<int64_t>()[0], 0);
}

TEST(DecodeTables, WarnOfCategoriesThatTrainingDidNotHaveColumnByColumn) {
  InputSpec spec = table_spec();
  spec.columns.push_back(
      {.name = "form", .type = ColumnType::kCategorical, .categories = {"flat"}});
  std::vector<std::string> warnings;
  decode_csv("size,colour,form\n1,pink,flat\n2,red,round\n3,grey,flat\n", "in.csv", spec,
             &warnings);
  EXPECT_THAT(
      warnings,
      testing::ElementsAre(
          "in.csv: column 'colour': 2 values of categories that training did not have count "
          "as unknown (first: in.csv:2:3: 'pink')",
          "in.csv: column 'form': 1 value of categories that training did not have counts "
          "as unknown (first: in.csv:3:7: 'round')"));
  warnings.clear();
  decode_json(R"([{"size": 1, "colour": "red", "form": "round"}])", "body", spec, &warnings);
  EXPECT_THAT(warnings, testing::ElementsAre(HasSubstr("first: body[0].form: 'round'")));
  warnings.clear();
  spec.missing = "mean";
  decode_csv("1,NA,flat\n", "in", spec, &warnings);
  EXPECT_THAT(warnings,
              testing::ElementsAre("in: column 'colour': 1 value is missing and counts as "
                                   "unknown (first: in:1:3)"));
}

TEST(DecodeCsv, RefusesAHeaderWithAWrongName) {
  InputSpec spec;
  spec.kind = InputKind::kTable;
  for (const char* name : {"a", "b"}) {
    spec.columns.push_back(
        {.name = name, .type = ColumnType::kCategorical, .categories = {"p", "q"}});
  }
  const std::string error = error_of([&] { decode_csv("b,A\np,q\n", "in", spec); });
  EXPECT_THAT(error, HasSubstr("there is no column 'a'; did you mean 'A'?"));
  EXPECT_THAT(error, HasSubstr("expected one of that name beside those that are there: b, A"));
  EXPECT_THAT(error_of([&] { decode_csv("x,y\np,q\n", "in", spec); }),
              HasSubstr("2 of 2 columns are absent: a, b"));
  EXPECT_EQ(sizes(decode_csv("p,q\nq,q\n", "in", spec)[0]), (std::vector<int64_t>{2, 2}));
  EXPECT_EQ(sizes(decode_csv("p,new\n", "in", spec)[0]), (std::vector<int64_t>{1, 2}));
  spec.format.header = false;
  EXPECT_EQ(sizes(decode_csv("x,y\np,q\n", "in", spec)[0]), (std::vector<int64_t>{2, 2}));
}

TEST(DecodeCsv, ReadsTheFormatOfTraining) {
  InputSpec spec = table_spec();
  spec.columns[1].categories = {"caf\xc3\xa9", "red"};
  spec.format = {.delimiter = ";", .decimal = ",", .thousands = "", .encoding = "latin-1"};
  const auto inputs = decode_csv("size;colour\n0,5;caf\xe9\n", "in", spec);
  EXPECT_EQ(inputs[0].const_data_ptr<float>()[0], 0.5F);
  EXPECT_EQ(inputs[1].const_data_ptr<int64_t>()[0], 1);
  const auto json = decode_json(R"([{"size": 0.5, "colour": "red"}])", "in", spec);
  EXPECT_EQ(json[0].const_data_ptr<float>()[0], 0.5F);
  EXPECT_THAT(error_of([] { decode_csv("size,colour\n1,caf\xe9\n", "in", table_spec()); }),
              HasSubstr("is not UTF-8 at byte 17"));
}

TEST(DecodeTables, FindCategoriesInOtherSpellings) {
  InputSpec spec;
  spec.kind = InputKind::kTable;
  spec.columns = {{.name = "f", .type = ColumnType::kCategorical, .categories = {"False", "True"}},
                  {.name = "n", .type = ColumnType::kCategorical, .categories = {"1", "2.0", "x"}},
                  {.name = "zip", .type = ColumnType::kCategorical, .categories = {"01", "1"}}};
  const auto first = [&](const std::vector<at::Tensor>& inputs) {
    const auto* data = inputs[0].const_data_ptr<int64_t>();
    return std::vector<int64_t>(data, data + 3);
  };
  using Indices = std::vector<int64_t>;
  EXPECT_EQ(first(decode_json(R"([[true, 1.0, "01"]])", "in", spec)), (Indices{2, 1, 1}));
  EXPECT_EQ(first(decode_json(R"([[false, 2, 1]])", "in", spec)), (Indices{1, 2, 2}));
  EXPECT_EQ(first(decode_csv("FALSE,1.0,001\n", "in", spec)), (Indices{1, 1, 0}));
  spec.columns[0].categories = {"TRUE", "True"};  // either could be meant
  EXPECT_EQ(first(decode_json(R"([[true, 3, "1"]])", "in", spec)), (Indices{0, 0, 2}));
}

TEST(DecodeJson, ReadsATextWithSpacesAroundItAsCsvDoes) {
  InputSpec spec = table_spec();
  spec.columns[1].categories = {"blue", "red", " odd "};
  spec.columns[1].rare = {" few"};
  spec.missing = "mean";
  const auto index = [](const std::vector<at::Tensor>& inputs) {
    return inputs[1].const_data_ptr<int64_t>()[0];
  };
  std::vector<std::string> warnings;
  EXPECT_EQ(index(decode_csv("1, red \t\n", "in", spec, &warnings)), 2);
  EXPECT_EQ(index(decode_json(R"([[" 1 ", " red \t"]])", "in", spec, &warnings)), 2);
  EXPECT_EQ(index(decode_json(R"([[1, " odd "]])", "in", spec, &warnings)), 3);
  EXPECT_EQ(index(decode_json(R"([[1, " few"]])", "in", spec, &warnings)), 0);
  EXPECT_THAT(warnings, testing::IsEmpty());
  decode_json(R"([[1, "  "]])", "in", spec, &warnings);
  EXPECT_THAT(warnings, testing::ElementsAre(HasSubstr("1 value is missing")));
}

TEST(DecodeTables, ReadDatesWithTheYearFirstWhateverTheOrderOfTraining) {
  InputSpec spec = table_spec();
  spec.columns.resize(1);
  spec.columns[0].name = "when";
  spec.columns[0].date = DateOrder::kDayFirst;
  spec.columns[0].date_parts = {{.name = "days"}};
  const auto days = [&](const std::vector<at::Tensor>& inputs) {
    return inputs[0].const_data_ptr<float>()[0];
  };
  const float wanted = days(decode_csv("when\n9.11.2022\n", "in", spec));
  for (const char* date : {"2022-11-09", "2022/11/9", "09/11/2022", "2022-11-09 00:00"}) {
    EXPECT_EQ(days(decode_csv("when\n" + std::string(date) + "\n", "in", spec)), wanted) << date;
    EXPECT_EQ(days(decode_json("[[\"" + std::string(date) + "\"]]", "in", spec)), wanted) << date;
  }
  EXPECT_THAT(error_of([&] { decode_json(R"([["soon"]])", "in", spec); }),
              HasSubstr("one such as 2021-03-14, or with the day first, as in training"));
}

TEST(DecodeJson, TellsAbsentColumns) {
  InputSpec spec = table_spec();
  spec.missing = "mean";
  std::vector<std::string> warnings;
  decode_json(R"([{}, {"size": 1}])", "in", spec, &warnings);
  EXPECT_THAT(warnings,
              testing::ElementsAre("in: column 'colour' is absent in 2 rows and counts as missing",
                                   "in: column 'size' is absent in 1 row and counts as missing"));
  EXPECT_THAT(error_of([] { decode_json("{}", "in", table_spec()); }),
              HasSubstr("column 'size' is absent"));
}

TEST(DecodeTables, KeepWhatFloat32WouldLose) {
  InputSpec spec = table_spec();
  spec.float64 = true;
  EXPECT_EQ(decode_csv("1700000042208,red", "in", spec)[0].const_data_ptr<double>()[0],
            1700000042208.0);
}

TEST(DecodeCsv, NamesWhatIsWrong) {
  EXPECT_THAT(error_of([] { decode_csv("", "in", table_spec()); }), HasSubstr("in: holds no row"));
  EXPECT_THAT(error_of([] { decode_csv("size,colour\n", "in", table_spec()); }),
              HasSubstr("0 rows"));
  EXPECT_THAT(error_of([] { decode_csv("size,color,x\n1,2,3\n", "in", table_spec()); }),
              HasSubstr("no column 'colour'; did you mean 'color'?"));
  EXPECT_THAT(error_of([] { decode_csv("size,colour\nabc,red\n", "in", table_spec()); }),
              HasSubstr("in:2:1: 'abc' in column 'size'"));
  EXPECT_THAT(error_of([] { decode_csv("NaN,red\n", "in", table_spec()); }),
              HasSubstr("value of column 'size' is missing"));
}

TEST(DecodeJson, ReadsImagesFlatNestedAndInBatches) {
  for (const char* text : {"[1,2,3,4,5,6]", "[[1,2,3],[4,5,6]]", "[[[1,2,3],[4,5,6]]]"}) {
    const auto inputs = decode_json(text, "in", image_spec());
    EXPECT_EQ(sizes(inputs[0]), (std::vector<int64_t>{1, 1, 2, 3})) << text;
    EXPECT_EQ(inputs[0].const_data_ptr<uint8_t>()[5], 6);
  }
  EXPECT_EQ(decode_json("[[1,2,3,4,5,6],[1,2,3,4,5,6]]", "in", image_spec())[0].size(0), 2);
  EXPECT_EQ(
      decode_json("[[[[1,2,3],[4,5,6.0]]],[[[1,2,3],[4,5,6]]]]", "in", image_spec())[0].size(0), 2);
}

TEST(DecodeJson, NamesTheWrongShapeOrPixel) {
  EXPECT_THAT(error_of([] { decode_json("[1,2,3]", "in", image_spec()); }),
              testing::AllOf(HasSubstr("shape [3]"), HasSubstr("[1, 2, 3] or [6]")));
  EXPECT_THAT(error_of([] { decode_json("[[1,2,3],[4,5]]", "in", image_spec()); }),
              HasSubstr("a list of 2 values"));
  EXPECT_THAT(error_of([] { decode_json("[[1,2,3],[4,5,6,7]]", "in", image_spec()); }),
              HasSubstr("a list of 4 values"));
  EXPECT_THAT(error_of([] { decode_json("[1,2,3,4,0.5,6]", "in", image_spec()); }),
              HasSubstr("in[4]: the pixel is 0.5"));
  EXPECT_THAT(error_of([] { decode_json("[1,2,3,4,256,6]", "in", image_spec()); }),
              HasSubstr("the pixel is 256"));
  for (const char* text : {"[]", "3", "{}", "null", "[[]]", "[[],[]]"}) {
    error_of([&] { decode_json(text, "in", image_spec()); });
  }
}

TEST(DecodeJson, ReadsRowsAsObjectsAndLists) {
  for (const char* text : {R"({"size": 1.5, "colour": "red", "extra": [1]})", R"([1.5, "red"])",
                           R"([{"size": 1.5, "colour": "red"}, {"size": 2, "colour": "x"}])",
                           R"([[1.5, "red"], [2, "x"]])", R"({"size": "1.5", "colour": "red"})"}) {
    const auto inputs = decode_json(text, "in", table_spec());
    ASSERT_EQ(inputs.size(), 2U) << text;
    EXPECT_EQ(inputs[0].const_data_ptr<float>()[0], 1.5F);
    EXPECT_EQ(inputs[1].const_data_ptr<int64_t>()[0], 2);
  }
}

TEST(DecodeJson, NamesTheAbsentColumn) {
  EXPECT_THAT(error_of([] { decode_json(R"({"size": 1})", "in", table_spec()); }),
              HasSubstr("in[0]: column 'colour' is absent"));
  EXPECT_THAT(error_of([] { decode_json(R"({"size": 1, "color": "red"})", "in", table_spec()); }),
              HasSubstr("'color' is given"));
  EXPECT_THAT(error_of([] { decode_json(R"([[1, "red"], [2]])", "in", table_spec()); }),
              HasSubstr("in[1]: 1 values; expected 2: size, colour"));
  EXPECT_THAT(error_of([] { decode_json(R"({"size": null, "colour": "x"})", "in", table_spec()); }),
              HasSubstr("in[0].size: the value of column 'size' is missing"));
  EXPECT_THAT(error_of([] { decode_json(R"({"size": [1], "colour": "x"})", "in", table_spec()); }),
              HasSubstr("in[0].size: is a list or an object"));
}

TEST(DecodeJson, RefusesARowOfWhichNothingCounts) {
  InputSpec spec = table_spec();
  spec.missing = "mean";
  EXPECT_THAT(error_of([&] { decode_json(R"({"data": {"size": 1}})", "in", spec); }),
              HasSubstr("in[0]: names no column of the model, but data; expected the columns size, "
                        "colour"));
  std::vector<std::string> warnings;
  decode_json(R"([{"size": 1, "colour": "red", "typo": 2}, {"size": 1, "colour": "red"}])", "in",
              spec, &warnings);
  EXPECT_THAT(warnings,
              testing::ElementsAre("in: 'typo' in 1 row is no column and counts for nothing"));
}

TEST(DecodeJson, FillsMissingValuesWhereTheModelDoes) {
  InputSpec spec = table_spec();
  spec.missing = "mean";
  const auto inputs = decode_json(R"([{"colour": "red"}, {"size": null}])", "in", spec);
  EXPECT_EQ(inputs[0].const_data_ptr<float>()[0], 7.0F);
  EXPECT_EQ(inputs[0].const_data_ptr<float>()[1], 7.0F);
  EXPECT_EQ(inputs[1].const_data_ptr<int64_t>()[1], 0);
  error_of([&] { decode_json(R"({"sizes": 3, "colour": "red"})", "in", spec); });
}

TEST(DecodeJson, RefusesWhatIsNoJsonOrTooDeep) {
  EXPECT_THAT(error_of([] { decode_json("[1,", "in", image_spec()); }),
              HasSubstr("in: is not JSON"));
  error_of([] { decode_json(std::string(100000, '['), "in", image_spec()); });
  error_of([] { decode_json("[1e999]", "in", image_spec()); });
}

}  // namespace
}  // namespace maas
