#include "data/data_config.h"

#include <gmock/gmock.h>

#include "config/read_config.h"
#include "config/write_config.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

DataConfig parse(const std::string& text) {
  ConfigSource source;
  source.text = text;
  return read_config<DataConfig>(source);
}

TEST(DataConfig, ReadsTheExampleOfTheDesign) {
  const DataConfig config = parse(
      "type: idx\n"
      "train: {images: a.gz, labels: b.gz}\n"
      "test: {images: c.gz, labels: d.gz}\n"
      "validation: 0.1\n"
      "augment: [{shift: 2}, {rotate: 10}]\n");
  EXPECT_THAT(config.train.images.path, testing::EndsWith("a.gz"));
  EXPECT_EQ(config.validation, 0.1);
  ASSERT_EQ(config.augment.size(), 2U);
  EXPECT_EQ(config.augment[0].shift, 2);
  EXPECT_FALSE(config.augment[0].rotate);
  EXPECT_EQ(config.augment[1].rotate, 10);
}

TEST(DataConfig, TakesAPathAsAScalar) {
  const DataConfig config = parse(
      "type: csv\n"
      "train: a.csv\n"
      "label: kind\n"
      "columns: {age: numeric}\n");
  EXPECT_THAT(config.train.path.path, testing::EndsWith("a.csv"));
  EXPECT_THAT(config.label_columns(), testing::ElementsAre("kind"));
  EXPECT_EQ(config.columns.at("age"), "numeric");
}

TEST(DataConfig, SurvivesBeingWrittenAndReadBack) {
  DataConfig config = parse("type: images\ntrain: folder\nheight: 8\nwidth: 8\ncorrupt: skip\n");
  DataConfig again = parse(write_config(config));
  EXPECT_EQ(write_config(again), write_config(config));
  EXPECT_EQ(again.corrupt, "skip");
  EXPECT_EQ(again.train.path.path, config.train.path.path);
}

TEST(DataConfig, RefusesSettingsOfAnotherType) {
  EXPECT_THAT(error_of([] { parse("type: idx\ndelimiter: ';'\n"); }, ErrorKind::kUsage),
              HasSubstr("delimiter"));
}

TEST(DataConfig, TakesTheScaleOfTargetsForRegressionOnly) {
  const std::string table = "type: synthetic\nkind: table\n";
  EXPECT_TRUE(parse(table + "task: regression\n").standardizes_targets());
  EXPECT_FALSE(parse(table + "task: regression\ntargets: none\n").standardizes_targets());
  EXPECT_FALSE(parse(table + "task: multi_label\n").standardizes_targets());
  EXPECT_THAT(error_of([&] { parse(table + "targets: none\n"); }, ErrorKind::kUsage),
              HasSubstr("targets"));
}

TEST(DataConfig, NamesEveryContradiction) {
  DataConfig config = parse("type: synthetic\nheight: 8\nclasses: 1\n");
  EXPECT_THAT(error_of([&] { check_data_config(config); }, ErrorKind::kUsage),
              testing::AllOf(HasSubstr("height 8 with width 0"), HasSubstr("data.classes: 1")));
}

TEST(DataConfig, SaysWhichOfTwoPartsToLeaveOut) {
  const DataConfig config =
      parse("type: csv\nlabel: y\ntrain: {path: a.csv}\ntest: {path: b.csv}\ntest_fraction: 0.2\n");
  EXPECT_THAT(error_of([&] { check_data_config(config); }, ErrorKind::kUsage),
              testing::AllOf(HasSubstr("data.test_fraction: is given beside test"),
                             HasSubstr("set data.test_fraction=0 to test on data.test")));
}

TEST(DataConfig, HasGreyAndColourImagesOnly) {
  EXPECT_THAT(error_of([] { parse("type: synthetic\nchannels: 2\n"); }, ErrorKind::kUsage),
              HasSubstr("channels is '2'; expected one of 0, 1, 3"));
}

TEST(DataConfig, HasNoSettingsOfImagesForTables) {
  for (const char* text : {"type: csv\ntrain: a.csv\nlabel: y\nnormalize: unit\n",
                           "type: synthetic\nkind: table\nnormalize: unit\n"}) {
    const DataConfig config = parse(text);
    EXPECT_THAT(error_of([&] { check_data_config(config); }, ErrorKind::kUsage),
                HasSubstr("data.normalize: 'unit', of pixels, for a table"));
  }
}

TEST(DataConfig, KnowsItsTask) {
  EXPECT_EQ(parse("type: csv\ntask: regression\n").task_kind(), TaskKind::kRegression);
  EXPECT_EQ(parse("type: synthetic\nkind: table\ntask: multi_label\n").task_kind(),
            TaskKind::kMultiLabel);
  EXPECT_EQ(parse("type: idx\n").task_kind(), TaskKind::kClassification);
}

}  // namespace
}  // namespace maas
