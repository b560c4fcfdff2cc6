#include <ATen/ops/arange.h>
#include <gmock/gmock.h>

#include "data/batches.h"
#include "data/labelled_files.h"
#include "data/open_data.h"
#include "sample/picture.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

// Labels 2 and 10; the images lie in photos/ below the folder of the CSV file.
DataConfig list_config(const Scratch& scratch) {
  std::string rows = "image,note,label\n";
  for (int i = 0; i < 6; ++i) {
    const std::string name = "photos/" + std::to_string(i) + ".png";
    scratch.write("pets/" + name, png_of(Picture::filled(6, 4, {static_cast<uint8_t>(i), 0, 0})));
    rows += name + ",x," + (i % 2 == 0 ? "10" : "2") + "\n";
  }
  DataConfig config;
  config.type = "image_list";
  config.train.path.path = scratch.write("pets/train.csv", rows);
  return config;
}

TEST(ImageRows, AreReadFromBesideTheFile) {
  const Scratch scratch;
  const DataSplits splits = open_data(list_config(scratch), 1);
  EXPECT_EQ(splits.spec.task.labels, (std::vector<std::string>{"2", "10"}));
  EXPECT_THAT(splits.warnings, testing::IsEmpty());
  ASSERT_EQ(splits.train->size(), 6);
  EXPECT_EQ(splits.train->name_of(3), "photos/3.png");
  const Batch batch = load_batch(*splits.train, at::arange(6, at::kLong));
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_EQ(batch.targets.const_data_ptr<int64_t>()[i], i % 2 == 0 ? 1 : 0);
    EXPECT_EQ(batch.inputs[0].const_data_ptr<uint8_t>()[i * 3 * 24], i);
  }
}

TEST(ImageRows, HaveTheColumnsTheFormAndTheFolderThatTheConfigSays) {
  const Scratch scratch;
  DataConfig config = list_config(scratch);
  config.train.path.path = scratch.write("lists/a.csv", "0.png;cat\n1.png;\"a dog\"\n2.png;cat\n");
  config.header = false;
  config.delimiter = ";";
  config.image = "column_1";
  config.label = "column_2";
  config.root.path = scratch.path("pets/photos");
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.spec.task.labels, (std::vector<std::string>{"a dog", "cat"}));
  EXPECT_EQ(splits.train->size(), 3);
}

TEST(ImageRows, OfAnAbsentImageNameRowAndPath) {
  const Scratch scratch;
  DataConfig config = list_config(scratch);
  std::filesystem::remove(scratch.path("pets/photos/4.png"));
  EXPECT_THAT(
      error_of([&] { open_data(config, 1); }),
      testing::AllOf(HasSubstr("train.csv:6:1: "), HasSubstr("pets/photos/4.png: is not there"),
                     HasSubstr("or set data.corrupt: skip")));
  config.corrupt = "skip";
  config.max_skip = 0.2;
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.train->size(), 5);
  EXPECT_THAT(splits.warnings, testing::Contains(HasSubstr("skipped photos/4.png: ")));
}

TEST(ImageRows, OfWhatIsNoFileAreRefused) {
  const Scratch scratch;
  const DataConfig config = list_config(scratch);
  std::filesystem::remove(scratch.path("pets/photos/0.png"));
  std::filesystem::create_directory(scratch.path("pets/photos/0.png"));
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("is no file"));
}

TEST(ImageRows, NeedBothColumnsAndEveryCell) {
  const Scratch scratch;
  DataConfig config = list_config(scratch);
  config.image = "imgae";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("imgae"));
  config.image = "label";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }, ErrorKind::kUsage), HasSubstr("data.image"));
  config.image = "image";
  config.train.path.path =
      scratch.write("pets/gap.csv", "image,label\nphotos/0.png,a\nphotos/1.png,\n");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("gap.csv:3:"), HasSubstr("the cell of 'label' is empty")));
}

TEST(ImageRows, OfALabelThatTheModelLacksNameTheRow) {
  const Scratch scratch;
  DataConfig config = list_config(scratch);
  config.test.path.path = scratch.write("pets/test.csv", "image,label\nphotos/0.png,3\n");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("test.csv:2:1"), HasSubstr("label '3' is not known")));
}

TEST(ImageRows, AreFingerprintedWithTheirImages) {
  const Scratch scratch;
  const DataConfig config = list_config(scratch);
  const Fingerprint before = fingerprint(config);
  EXPECT_EQ(fingerprint(config), before);
  scratch.write("pets/photos/4.png", png_of(Picture::filled(60, 4, {9, 9, 9})));
  EXPECT_NE(fingerprint(config).content, before.content);
}

}  // namespace
}  // namespace maas
