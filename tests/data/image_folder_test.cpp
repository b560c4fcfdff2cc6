#include <ATen/ops/arange.h>
#include <gmock/gmock.h>

#include "base/files.h"
#include "data/batches.h"
#include "data/open_data.h"
#include "sample/picture.h"
#include "support/scratch.h"
#include "support/source_folder.h"

namespace maas {
namespace {

using testing::HasSubstr;

// Two classes of five images each, 6 x 4, of one colour a class.
DataConfig folder_config(const Scratch& scratch) {
  for (int i = 0; i < 5; ++i) {
    scratch.write("train/cats/" + std::to_string(i) + ".png",
                  png_of(Picture::filled(6, 4, {100, 0, 0})));
    scratch.write("train/ants/" + std::to_string(i) + ".JPG",
                  jpeg_of(Picture::filled(6, 4, {0, 0, 200})));
  }
  DataConfig config;
  config.type = "images";
  config.train.path.path = scratch.path("train");
  return config;
}

TEST(ImageFolder, TakesClassesAndFilesInOrder) {
  const Scratch scratch;
  const DataSplits splits = open_data(folder_config(scratch), 1);
  EXPECT_EQ(splits.spec.task.labels, (std::vector<std::string>{"ants", "cats"}));
  EXPECT_EQ(splits.train->size(), 10);
  EXPECT_EQ(splits.train->name_of(0), "ants/0.JPG");
  EXPECT_EQ(splits.train->name_of(9), "cats/4.png");
  EXPECT_FALSE(splits.spec.input.resize_to_fit);
  const Batch batch = load_batch(*splits.train, at::arange(5, 10, at::kLong));
  EXPECT_EQ(batch.inputs[0].sizes(), (std::vector<int64_t>{5, 3, 4, 6}));
  EXPECT_EQ(batch.inputs[0].const_data_ptr<uint8_t>()[0], 100);
  EXPECT_EQ(batch.targets.const_data_ptr<int64_t>()[0], 1);
  EXPECT_NEAR(splits.spec.input.mean[0], 50.0 / 255, 0.01);
  EXPECT_NEAR(splits.spec.input.std_dev[0], 50.0 / 255, 0.01);
}

TEST(ImageFolder, IsNormalisedAsImageNetWhereItIsAskedFor) {
  const Scratch scratch;
  DataConfig config = folder_config(scratch);
  config.normalize = "imagenet";
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.spec.input.mean, (std::vector<double>{0.485, 0.456, 0.406}));
  EXPECT_EQ(splits.spec.input.std_dev, (std::vector<double>{0.229, 0.224, 0.225}));
  config.channels = 1;
  EXPECT_THAT(error_of([&] { open_data(config, 1); }, ErrorKind::kUsage),
              testing::AllOf(HasSubstr("data.normalize: imagenet for images of 1 channel"),
                             HasSubstr("set data.channels=3")));
}

TEST(ImageFolder, HasItsParentsLabelsOrItsOwn) {
  const Scratch scratch;
  const DataConfig config = folder_config(scratch);
  DataSpec parent = open_data(config, 1).spec;
  const auto labels = [&](Targets targets) {
    return open_data(config, 1, &parent, targets).spec.task.labels;
  };
  using Labels = std::vector<std::string>;
  parent.task.labels = {"cats", "ants"};
  EXPECT_EQ(labels(Targets::kParents), (Labels{"cats", "ants"}));
  EXPECT_EQ(labels(Targets::kParentsIfSame), (Labels{"cats", "ants"}));
  EXPECT_EQ(labels(Targets::kOwn), (Labels{"ants", "cats"}));
  parent.task.labels = {"cats", "bees", "ants"};
  EXPECT_EQ(labels(Targets::kParents), (Labels{"cats", "bees", "ants"}));
  EXPECT_EQ(labels(Targets::kParentsIfSame), (Labels{"ants", "cats"}));
}

TEST(ImageFolder, IsInColourAsSoonAsOneImageIs) {
  for (const bool jpeg : {false, true}) {
    const Scratch scratch;
    const DataConfig config = folder_config(scratch);
    const Picture grey = Picture::filled(6, 4, {50});
    scratch.write("train/ants/0.JPG", jpeg ? jpeg_of(grey) : png_of(grey));
    const DataSplits splits = open_data(config, 1);
    EXPECT_EQ(splits.spec.input.channels, 3);
    EXPECT_THAT(splits.warnings, testing::Contains(HasSubstr("grey images count as colour")));
  }
}

TEST(ImageFolder, ResizesToTheSizeAskedFor) {
  const Scratch scratch;
  DataConfig config = folder_config(scratch);
  config.height = config.width = 8;
  config.channels = 1;
  const DataSplits splits = open_data(config, 1);
  EXPECT_TRUE(splits.spec.input.resize_to_fit);
  EXPECT_EQ(load_batch(*splits.train, at::arange(2, at::kLong)).inputs[0].sizes(),
            (std::vector<int64_t>{2, 1, 8, 8}));
}

TEST(ImageFolder, NamesTheImageOfAnotherSize) {
  const Scratch scratch;
  const DataConfig config = folder_config(scratch);
  scratch.write("train/cats/9.png", png_of(Picture::filled(7, 4, {1, 2, 3})));
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("cats/9.png: the image is 7 x 4"), HasSubstr("6 x 4"),
                             HasSubstr("data.height")));
}

TEST(ImageFolder, FailsOnOrSkipsWhatCannotBeDecoded) {
  const Scratch scratch;
  DataConfig config = folder_config(scratch);
  scratch.write("train/ants/3.JPG", "\xff\xd8\xff no image");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("ants/3.JPG"), HasSubstr("or set data.corrupt: skip")));
  config.corrupt = "skip";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("1 of 10 images cannot be used (first: ants/3.JPG"),
                             HasSubstr("at most 0")));
  config.max_skip = 0.1;
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.train->size(), 9);
  EXPECT_EQ(splits.train->name_of(3), "ants/4.JPG");
  EXPECT_THAT(splits.warnings,
              testing::ElementsAre("train: skipped 1 of 10 images that cannot be used",
                                   HasSubstr("train: skipped ants/3.JPG")));
}

TEST(ImageFolder, CountsOtherFiles) {
  const Scratch scratch;
  const DataConfig config = folder_config(scratch);
  scratch.write("train/cats/notes.txt", "x");
  EXPECT_THAT(open_data(config, 1).warnings,
              testing::ElementsAre(HasSubstr(
                  "1 files that are no .png, .jpg, .jpeg, .webp, .gif, .bmp, .tif or .tiff")));
}

TEST(ImageFolder, TakesWhatLiesDeeperForTheClassOfTheFolderAtTheTop) {
  const Scratch scratch;
  const DataConfig config = folder_config(scratch);
  scratch.write("train/cats/2021/b.png", png_of(Picture::filled(6, 4, {1, 0, 0})));
  scratch.write("train/cats/2021/may/a.png", png_of(Picture::filled(6, 4, {2, 0, 0})));
  scratch.write("train/cats/2.5/x.txt", "no image");
  const DataSplits splits = open_data(config, 1);
  ASSERT_EQ(splits.train->size(), 12);
  const std::vector<std::string> names = {"cats/0.png",      "cats/1.png",          "cats/2.png",
                                          "cats/2021/b.png", "cats/2021/may/a.png", "cats/3.png",
                                          "cats/4.png"};
  for (size_t i = 0; i < names.size(); ++i) {
    EXPECT_EQ(splits.train->name_of(static_cast<int64_t>(5 + i)), names[i]);
  }
  EXPECT_THAT(splits.warnings, testing::ElementsAre(HasSubstr("(first: cats/2.5/x.txt)")));
}

TEST(ImageFolder, FollowsLinksButReadsNoFolderTwice) {
  const Scratch scratch;
  const DataConfig config = folder_config(scratch);
  std::filesystem::create_directory_symlink("..", scratch.path("train/cats/around"));
  std::filesystem::create_directory_symlink("../ants", scratch.path("train/cats/insects"));
  const DataSplits splits = open_data(config, 1);
  // cats, with ants below it twice over: by the link, and within the folder above.
  EXPECT_THAT(splits.warnings,
              testing::Contains(testing::AllOf(HasSubstr("folders that a link leads to once more"),
                                               HasSubstr("cats/around/cats"))));
  EXPECT_EQ(splits.train->size(), 15);
}

TEST(ImageFolder, TakesALinkThatLeadsNowhereForAnImageThatIsAbsent) {
  const Scratch scratch;
  const DataConfig config = folder_config(scratch);
  std::filesystem::create_symlink("nowhere.png", scratch.path("train/cats/x.png"));
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("cats/x.png"), HasSubstr("data.corrupt: skip")));
}

TEST(ImageFolder, TellsOfImagesThatWereTurned) {
  const Scratch scratch;
  DataConfig config;
  config.type = "images";
  config.train.path.path = scratch.path("train");
  const std::string folder = (source_folder() / "tests/sample/images/").string();
  for (const char* name : {"exif6.jpg", "turned.png", "turned.tif", "lossless.webp"}) {
    for (const char* label : {"a/", "b/"}) {
      scratch.write(std::string("train/") + label + name, read_file(folder + name));
    }
  }
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.spec.input.height, 13);
  EXPECT_EQ(splits.spec.input.width, 9);
  EXPECT_THAT(splits.warnings, testing::ElementsAre(HasSubstr("train: 8 of 8 images lie turned")));
}

TEST(ImageFolder, TellsOfAnEmptyClassThatTheModelLacks) {
  const Scratch scratch;
  DataConfig config = folder_config(scratch);
  scratch.write("test/cats/1.png", png_of(Picture::filled(6, 4, {1, 2, 3})));
  scratch.write("test/dogs/.hidden", "");
  config.test.path.path = scratch.path("test");
  EXPECT_THAT(open_data(config, 1).warnings,
              testing::Contains(HasSubstr("test: the class 'dogs' has no image here")));
}

TEST(ImageFolder, RefusesATestClassThatTrainingLacks) {
  const Scratch scratch;
  DataConfig config = folder_config(scratch);
  scratch.write("test/cat/1.png", png_of(Picture::filled(6, 4, {1, 2, 3})));
  config.test.path.path = scratch.path("test");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("label 'cat' is not known; did you mean 'cats'?"));
}

TEST(ImageFolder, RefusesFoldersWithoutImages) {
  const Scratch scratch;
  DataConfig config;
  config.type = "images";
  config.train.path.path = scratch.path("absent");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("absent"));
  scratch.write("empty/cats/.hidden", "");
  config.train.path.path = scratch.path("empty");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("0 images of 1 classes"));
  config.train.path.path = scratch.path("empty/cats");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("has no folder in it"));
}

}  // namespace
}  // namespace maas
