#include "data/open_data.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "data/batches.h"
#include "support/idx_bytes.h"
#include "support/scratch.h"
#include "support/source_folder.h"

namespace maas {
namespace {

using testing::HasSubstr;

DataConfig idx_config(const Scratch& scratch, int64_t count) {
  std::string pixels, labels;
  for (int64_t i = 0; i < count; ++i) {
    pixels += std::string(4, static_cast<char>(i));
    labels += static_cast<char>(i % 3);
  }
  DataConfig config;
  const auto n = static_cast<uint32_t>(count);
  config.train.images.path = scratch.write("images.idx", idx_bytes({n, 2, 2}, pixels));
  config.train.labels.path = scratch.write("labels.idx", idx_bytes({n}, labels));
  return config;
}

at::Tensor all_pixels(const Dataset& dataset) {
  return load_batch(dataset, at::arange(dataset.size(), at::kLong)).inputs[0];
}

TEST(OpenData, SplitsByTheSeedWithoutOverlap) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 100);
  config.validation = 0.2;
  config.test_fraction = 0.1;
  const DataSplits splits = open_data(config, 5);
  EXPECT_EQ(splits.train->size(), 70);
  EXPECT_EQ(splits.validation->size(), 20);
  EXPECT_EQ(splits.test->size(), 10);
  std::vector<std::string> names;
  for (const auto& split : {splits.train, splits.validation, splits.test}) {
    for (int64_t i = 0; i < split->size(); ++i) names.push_back(split->name_of(i));
  }
  std::sort(names.begin(), names.end());
  EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
  EXPECT_TRUE(at::equal(all_pixels(*splits.train), all_pixels(*open_data(config, 5).train)));
  EXPECT_FALSE(at::equal(all_pixels(*splits.train), all_pixels(*open_data(config, 6).train)));
}

std::vector<std::string> names_of(const std::vector<std::shared_ptr<const Dataset>>& splits) {
  std::vector<std::string> names;
  for (const auto& split : splits) {
    for (int64_t i = 0; split && i < split->size(); ++i) names.push_back(split->name_of(i));
  }
  return names;
}

// For many sizes, fractions and seeds: no row is in two splits, none is lost, and the same seed
// gives the same rows.
TEST(OpenData, SplitsIntoDisjointPartsThatAddUp) {
  const Scratch scratch;
  for (const int64_t count : {10, 37, 100}) {
    DataConfig config = idx_config(scratch, count);
    for (uint64_t seed = 0; seed < 4; ++seed) {
      for (const double validation : {0.0, 0.1, 0.34}) {
        config.validation = validation;
        config.test_fraction = 0.3 - validation / 2;
        const DataSplits splits = open_data(config, seed);
        std::vector<std::string> names = names_of({splits.train, splits.validation, splits.test});
        const DataSplits again = open_data(config, seed);
        EXPECT_EQ(names, names_of({again.train, again.validation, again.test}));
        std::sort(names.begin(), names.end());
        EXPECT_EQ(std::unique(names.begin(), names.end()), names.end());
        EXPECT_EQ(static_cast<int64_t>(names.size()), count);
      }
    }
  }
}

TEST(OpenData, LeavesSplitsInFilesOfTheirOwnWhole) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 30);
  config.test.images.path = scratch.write("more.idx", idx_bytes({3, 2, 2}, std::string(12, '\7')));
  config.test.labels.path = scratch.write("marks.idx", idx_bytes({3}, std::string("\0\1\2", 3)));
  config.validation_source = config.test;
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.train->size(), 30);
  EXPECT_EQ(names_of({splits.test}), (std::vector<std::string>{"more:0", "more:1", "more:2"}));
  EXPECT_EQ(names_of({splits.validation}), names_of({splits.test}));
  EXPECT_TRUE(at::equal(all_pixels(*splits.test), at::full({3, 1, 2, 2}, 7, at::kByte)));
}

TEST(OpenData, MeasuresTheTrainingSplitAlone) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 50);
  config.validation = 0.5;
  const DataSplits splits = open_data(config, 1);
  const at::Tensor pixels = all_pixels(*splits.train).to(at::kDouble);
  EXPECT_NEAR(splits.spec.input.mean[0], pixels.mean().item<double>() / 255, 1e-12);
  EXPECT_NEAR(splits.spec.input.std_dev[0], pixels.std(/*unbiased=*/false).item<double>() / 255,
              1e-9);
}

TEST(OpenData, OpensTheSameSplitForAStoredModel) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 40);
  config.validation = 0.25;
  const DataSplits splits = open_data(config, 3);
  const auto again = open_split(config, splits.spec, Split::kValidation, 3);
  EXPECT_TRUE(at::equal(all_pixels(*splits.validation), all_pixels(*again)));
  EXPECT_EQ(open_split(config, splits.spec, Split::kTest, 3), nullptr);
}

TEST(OpenData, LimitsTheTrainingSource) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 40);
  config.limit = 10;
  config.validation = 0.2;
  const DataSplits splits = open_data(config, 3);
  EXPECT_EQ(splits.train->size(), 8);
  EXPECT_EQ(splits.validation->size(), 2);
}

TEST(OpenData, CountsWhatIsTooLittle) {
  const Scratch scratch;
  EXPECT_THAT(error_of([&] { open_data(idx_config(scratch, 0), 1); }),
              HasSubstr("0 samples for train"));
  EXPECT_THAT(error_of([&] { open_data(idx_config(scratch, 1), 1); }),
              HasSubstr("1 of 1 samples are left for training"));
  DataConfig config = idx_config(scratch, 3);
  config.validation = 0.1;
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              HasSubstr("0.1 of 3 samples leaves none for validation"));
}

TEST(OpenData, NamesTheMissingFile) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 10);
  config.train.images.path = scratch.path("absent.idx");
  EXPECT_THAT(error_of([&] { open_data(config, 1); }), HasSubstr("absent.idx"));
}

TEST(OpenData, RefusesContradictorySettings) {
  DataConfig config;
  EXPECT_THAT(error_of([&] { open_data(config, 1); }, ErrorKind::kUsage),
              HasSubstr("data.train: is missing"));
  config.type = "csv";
  config.train.path.path = "x.csv";
  config.validation_source.path.path = "y.csv";
  config.validation = 0.1;
  config.columns = {{"a", "number"}};
  EXPECT_THAT(error_of([&] { open_data(config, 1); }, ErrorKind::kUsage),
              testing::AllOf(HasSubstr("data.label"), HasSubstr("data.validation"),
                             HasSubstr("data.columns.a: 'number'")));
}

TEST(OpenData, RefusesDifferentCountsOfImagesAndLabels) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 10);
  config.train.labels.path = scratch.write("few.idx", idx_bytes({9}, std::string(9, '\0')));
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("10 images"), HasSubstr("9 labels")));
}

TEST(OpenData, NamesTheRowOfALabelThatTrainingLacks) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 10);
  config.test.images.path = scratch.write("t.idx", idx_bytes({2, 2, 2}, "abcdefgh"));
  config.test.labels.path = scratch.write("tl.idx", idx_bytes({2}, std::string("\x01\x07", 2)));
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("tl.idx: row 1 (byte 9): label '7' is not known"),
                             HasSubstr("one of 0, 1, 2")));
}

TEST(OpenData, RefusesTestImagesOfAnotherSize) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 10);
  config.test.images.path = scratch.write("t.idx", idx_bytes({1, 1, 4}, "abcd"));
  config.test.labels.path = scratch.write("tl.idx", idx_bytes({1}, std::string(1, '\1')));
  EXPECT_THAT(error_of([&] { open_data(config, 1); }),
              testing::AllOf(HasSubstr("1 x 1 x 4"), HasSubstr("1 x 2 x 2")));
}

TEST(OpenData, WarnsOfLabelsWithoutASample) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 10);
  config.train.labels.path =
      scratch.write("gap.idx", idx_bytes({10}, std::string("\0\2\0\2\0\2\0\2\0\2", 10)));
  EXPECT_THAT(open_data(config, 1).warnings,
              testing::ElementsAre("train: 1 of 3 labels have no sample: '1'"));
}

TEST(OpenData, WarnsOfTestingOnTheTrainingData) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 10);
  config.test = config.train;
  EXPECT_THAT(open_data(config, 1).warnings,
              testing::ElementsAre("test: is the training data itself"));
}

TEST(OpenData, CountsTestSamplesThatWereTrainedOn) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 10);
  const std::string pixels = std::string(4, '\x50') + std::string(4, '\3') + std::string(4, '\7');
  config.test.images.path = scratch.write("some.idx", idx_bytes({3, 2, 2}, pixels));
  config.test.labels.path = scratch.write("their.idx", idx_bytes({3}, std::string(3, '\0')));
  EXPECT_THAT(
      open_data(config, 1).warnings,
      testing::Contains("test: 2 of 3 samples are in the training data too (first: some:1)"));
}

TEST(OpenData, CountsSamplesThatASplitOfOneFilePutsOnBothSides) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 100);
  config.validation = 0.5;
  EXPECT_THAT(open_data(config, 1).warnings, testing::IsEmpty());
  config.train.images.path =
      scratch.write("same.idx", idx_bytes({100, 2, 2}, std::string(400, 'x')));
  EXPECT_THAT(open_data(config, 1).warnings,
              testing::ElementsAre(HasSubstr("validation: 50 of 50 samples are in the training")));
}

// A row with a category and a number: numbers and letters that the first table has and others.
DataConfig table_config(const Scratch& scratch, const std::string& rows) {
  DataConfig config;
  config.type = "csv";
  config.train.path.path = scratch.write("t.csv", "c,n,y\n" + rows);
  config.label = "y";
  config.rare = 0;
  return config;
}

TEST(OpenData, KeepsWhatAModelThatLearnsFurtherKnows) {
  const Scratch scratch;
  const DataSpec parent = open_data(table_config(scratch, "a,1,p\nb,2,q\nc,3,r\n"), 1).spec;
  DataConfig more = table_config(scratch, "c,9,r\nb,8,q\nd,7,q\n");
  const DataSplits splits = open_data(more, 1, &parent);
  EXPECT_EQ(splits.spec, parent);
  const Batch batch = load_batch(*splits.train, at::arange(3, at::kLong));
  EXPECT_TRUE(at::equal(batch.inputs[1], at::tensor({3, 2, 0}, at::kLong).view({3, 1})));
  EXPECT_TRUE(at::equal(batch.targets, at::tensor({2, 1, 1}, at::kLong)));
  EXPECT_THAT(splits.warnings, testing::Contains(HasSubstr("categories that training did not")));
}

TEST(OpenData, LearnsLabelsThatAModelDoesNotKnow) {
  const Scratch scratch;
  const DataSpec parent = open_data(table_config(scratch, "a,1,p\nb,2,q\n"), 1).spec;
  const DataSpec spec = open_data(table_config(scratch, "b,1,u\na,2,v\n"), 1, &parent).spec;
  EXPECT_EQ(spec.input, parent.input);
  EXPECT_THAT(spec.task.labels, testing::ElementsAre("u", "v"));
}

TEST(OpenData, KnowsTheTrainingDataByAnyPath) {
  const Scratch scratch;
  DataConfig config = idx_config(scratch, 20);
  std::filesystem::create_symlink("images.idx", scratch.path("other.idx"));
  config.test.images.path = scratch.path("other.idx");
  config.test.labels.path = scratch.path("./labels.idx");
  EXPECT_THAT(open_data(config, 1).warnings,
              testing::Contains("test: is the training data itself"));
}

TEST(OpenData, TellsLabelsThatAreInOneSplitAlone) {
  const Scratch scratch;
  std::string rows;
  for (int i = 0; i < 40; ++i) rows += fmt::format("a,{},{}\n", i, i % 2 == 0 ? "p" : "q");
  DataConfig config = table_config(scratch, rows + "a,40,z\na,41,u\na,42,v\na,43,w\n");
  config.test_fraction = 0.2;
  EXPECT_THAT(open_data(config, 1).warnings,
              testing::ElementsAre("4 of 6 labels have samples in training alone, so that nothing "
                                   "measures them: 'u', 'v', 'w' and 1 more"));
}

TEST(Fingerprint, ChangesWhenAFileChanges) {
  const Scratch scratch;
  const DataConfig config = idx_config(scratch, 10);
  const Fingerprint before = fingerprint(config);
  EXPECT_EQ(before, fingerprint(config));
  EXPECT_EQ(before, open_data(config, 1).fingerprint);
  scratch.write("labels.idx", idx_bytes({10}, std::string(10, '\1')));
  EXPECT_NE(before.content, fingerprint(config).content);
  std::filesystem::remove(scratch.path("labels.idx"));
  EXPECT_THAT(error_of([&] { fingerprint(config); }), HasSubstr("labels.idx"));
}

TEST(Fingerprint, TellsNewTimesFromNewContent) {
  const Scratch scratch;
  const DataConfig config = idx_config(scratch, 10);
  const Fingerprint before = fingerprint(config);
  const auto time = std::filesystem::last_write_time(config.train.images.path);
  std::filesystem::last_write_time(config.train.images.path, time + std::chrono::hours(1));
  EXPECT_EQ(before.content, fingerprint(config).content);
  EXPECT_NE(before.times, fingerprint(config).times);
}

TEST(Synthetic, IsTheSameForTheSameSeedAndLearnable) {
  DataConfig config;
  config.type = "synthetic";
  config.samples = 200;
  config.classes = 4;
  config.test_fraction = 0.25;
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(all_pixels(*splits.train).sizes(), (std::vector<int64_t>{150, 1, 28, 28}));
  EXPECT_EQ(splits.spec.task.labels, (std::vector<std::string>{"0", "1", "2", "3"}));
  EXPECT_TRUE(at::equal(all_pixels(*splits.test), all_pixels(*open_data(config, 1).test)));
  config.seed = 1;
  EXPECT_FALSE(at::equal(all_pixels(*splits.test), all_pixels(*open_data(config, 1).test)));
}

TEST(Synthetic, MakesTablesForEveryTask) {
  DataConfig config;
  config.type = "synthetic";
  config.kind = "table";
  config.samples = 50;
  config.classes = 3;
  for (const std::string task : {"classification", "regression", "multi_label"}) {
    config.task = task;
    const DataSplits splits = open_data(config, 1);
    EXPECT_EQ(to_text(splits.spec.task.kind), task);
    const Batch batch = load_batch(*splits.train, at::arange(50, at::kLong));
    EXPECT_EQ(batch.inputs[0].sizes(), (std::vector<int64_t>{50, 16}));
    EXPECT_EQ(batch.targets.dim(), task == "classification" ? 1 : 2);
    EXPECT_EQ(splits.spec.task.scales.size(), task == "regression" ? 3U : 0U);
  }
}

TEST(Mnist, HasItsKnownCountsStatisticsAndFirstLabels) {
  const std::string folder = (source_folder() / "data/mnist/").string();
  DataConfig config;
  config.train.images.path = folder + "train-images-idx3-ubyte.gz";
  config.train.labels.path = folder + "train-labels-idx1-ubyte.gz";
  config.test.images.path = folder + "t10k-images-idx3-ubyte.gz";
  config.test.labels.path = folder + "t10k-labels-idx1-ubyte.gz";
  const DataSplits splits = open_data(config, 1);
  EXPECT_EQ(splits.train->size(), 60000);
  EXPECT_EQ(splits.test->size(), 10000);
  EXPECT_EQ(splits.spec.task.labels.size(), 10U);
  EXPECT_NEAR(splits.spec.input.mean[0], 0.1307, 1e-4);
  EXPECT_NEAR(splits.spec.input.std_dev[0], 0.3081, 1e-4);
  EXPECT_EQ(splits.train->name_of(17), "train-images-idx3-ubyte:17");
  const at::Tensor first = splits.train->targets(at::arange(5, at::kLong));
  const auto* label = first.const_data_ptr<int64_t>();
  EXPECT_THAT(std::vector<int64_t>(label, label + 5), testing::ElementsAre(4, 1, 8, 6, 0));
  EXPECT_TRUE(splits.warnings.empty());
}

TEST(Tables, OfTheRepositoryHaveTheirKnownCountsAndMeans) {
  DataConfig config;
  config.type = "csv";
  config.missing = "mean";
  config.train.path.path = (source_folder() / "data/penguins/penguins.csv").string();
  config.label = "species";
  const DataSplits birds = open_data(config, 1);
  EXPECT_EQ(birds.train->size(), 344);
  EXPECT_THAT(birds.spec.task.labels, testing::ElementsAre("Adelie", "Chinstrap", "Gentoo"));
  EXPECT_EQ(birds.spec.input.columns.at(1).name, "bill_length_mm");
  EXPECT_NEAR(birds.spec.input.columns.at(1).mean, 43.92193, 1e-5);  // of 342: two are missing
  config.train.path.path = (source_folder() / "data/concrete/concrete.csv").string();
  config.label = "strength";
  config.task = "regression";
  const DataSplits concrete = open_data(config, 1);
  EXPECT_EQ(concrete.train->size(), 1030);
  EXPECT_EQ(concrete.spec.input.columns.at(7).name, "age");
  EXPECT_NEAR(concrete.spec.input.columns.at(7).mean, 45.66214, 1e-5);
  EXPECT_NEAR(concrete.spec.task.scales.at(0).mean, 35.81796, 1e-4);
}

}  // namespace
}  // namespace maas
