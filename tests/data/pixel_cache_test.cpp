#include "data/pixel_cache.h"

#include <ATen/ops/arange.h>
#include <gmock/gmock.h>

#include "data/batches.h"
#include "data/open_data.h"
#include "sample/picture.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kGb = 1'000'000'000;

// A thousand images of 1 MB: 1 GB.
PixelCache cache_of(const std::string& setting, const PixelCache::Available& available) {
  InputSpec form;
  form.channels = 1;
  form.height = form.width = 1000;
  return {setting, "train: 1000 images", 1000, form, available};
}

PixelCache::Available always(int64_t bytes) {
  return [bytes] { return bytes; };
}

TEST(PixelCache, KeepsWhatTakesAtMostHalfOfTheMemory) {
  PixelCache cache = cache_of("auto", always(2 * kGb));
  EXPECT_TRUE(cache.keeps());
  EXPECT_TRUE(cache.still_fits());
  EXPECT_EQ(cache.told(), "");
}

TEST(PixelCache, TellsWhenFilesAreDecodedAnewWhyAndWhatWouldChangeIt) {
  const PixelCache tight = cache_of("auto", always(2 * kGb - 2));
  EXPECT_FALSE(tight.keeps());
  EXPECT_THAT(tight.told(),
              AllOf(HasSubstr("train: 1000 images take 1 GB of memory as pixels, more than half of "
                              "the 2 GB that is free"),
                    HasSubstr("decoded anew in every epoch"),
                    HasSubstr("data.height and data.width of at most 992"),
                    HasSubstr("data.cache: memory")));
  const PixelCache hopeless = cache_of("auto", always(kGb / 2));
  EXPECT_THAT(hopeless.told(),
              AllOf(HasSubstr("of at most 496"), Not(HasSubstr("data.cache: memory"))));
}

TEST(PixelCache, KeepsUpToFourFifthsWhereThatIsAskedFor) {
  EXPECT_TRUE(cache_of("memory", always(kGb * 16 / 10)).keeps());
  const std::string text = error_of([] { cache_of("memory", always(kGb)); }, ErrorKind::kResources);
  EXPECT_THAT(text, AllOf(HasSubstr("data.cache: memory, but train: 1000 images take 1 GB"),
                          HasSubstr("at most 0.8 GB, four fifths of the 1 GB that is free"),
                          HasSubstr("data.cache: none")));
}

TEST(PixelCache, AsksForNothingWhereFilesAreToBeReadInEachEpoch) {
  const PixelCache cache = cache_of("none", [] {
    ADD_FAILURE() << "asked";
    return kGb;
  });
  EXPECT_FALSE(cache.keeps());
  EXPECT_EQ(cache.told(), "");
}

TEST(PixelCache, GivesUpWhenMemoryRunsShortMeanwhile) {
  int64_t available = 4 * kGb;
  const auto asked = [&available] { return available; };
  PixelCache by_itself = cache_of("auto", asked), as_told = cache_of("memory", asked);
  available = kGb / 10;
  EXPECT_FALSE(by_itself.still_fits());
  EXPECT_FALSE(by_itself.keeps());
  EXPECT_THAT(by_itself.told(), AllOf(HasSubstr("memory ran short while they were decoded"),
                                      HasSubstr("4 GB was free before")));
  EXPECT_THAT(error_of([&] { as_told.still_fits(); }, ErrorKind::kResources),
              HasSubstr("other programs took memory meanwhile"));
}

DataConfig folder_config(const Scratch& scratch) {
  for (int i = 0; i < 6; ++i) {
    const auto shade = static_cast<uint8_t>(40 * i);
    scratch.write((i % 2 == 0 ? "a/" : "b/") + std::to_string(i) + ".png",
                  png_of(Picture::filled(6, 4, {shade, 0, 9})));
  }
  DataConfig config;
  config.type = "images";
  config.train.path.path = scratch.path("");
  return config;
}

TEST(Images, AreTheSameFromMemoryAndFromFiles) {
  const Scratch scratch;
  DataConfig config = folder_config(scratch);
  config.cache = "memory";
  const DataSplits kept = open_data(config, 1);
  config.cache = "none";
  const DataSplits read = open_data(config, 1);
  EXPECT_TRUE(kept.train->in_memory());
  EXPECT_FALSE(read.train->in_memory());
  EXPECT_THAT(read.warnings, testing::IsEmpty());
  EXPECT_EQ(read.spec, kept.spec);
  const at::Tensor index = at::arange(6, at::kLong);
  const Batch from_memory = load_batch(*kept.train, index),
              read_now = load_batch(*read.train, index);
  EXPECT_TRUE(from_memory.inputs[0].equal(read_now.inputs[0]));
  EXPECT_TRUE(from_memory.targets.equal(read_now.targets));
}

TEST(Images, ThatAreLeftOutLeaveTheOthersInTheirPlaces) {
  const Scratch scratch;
  DataConfig config = folder_config(scratch);
  scratch.write("a/2.png", "no image");
  config.corrupt = "skip";
  config.max_skip = 0.5;
  const DataSplits splits = open_data(config, 1);
  const Batch batch = load_batch(*splits.train, at::arange(5, at::kLong));
  for (const auto& [row, shade] : {std::pair(0, 0), std::pair(1, 160), std::pair(2, 40),
                                   std::pair(3, 120), std::pair(4, 200)}) {
    EXPECT_EQ(batch.inputs[0].const_data_ptr<uint8_t>()[row * 3 * 24], shade) << row;
  }
}

// The same file in a hundred thousand rows: 5 TB as pixels.
TEST(Images, ThatDoNotFitIntoMemoryAreRefusedBeforeTheyAreDecoded) {
  const Scratch scratch;
  scratch.write("a.png", png_of(Picture::filled(6, 4, {1, 2, 3})));
  std::string rows = "image,label\n";
  for (int i = 0; i < 100'000; ++i) rows += i % 2 == 0 ? "a.png,x\n" : "a.png,y\n";
  DataConfig config;
  config.type = "image_list";
  config.train.path.path = scratch.write("list.csv", rows);
  config.height = config.width = 4096;
  config.cache = "memory";
  EXPECT_THAT(error_of([&] { open_data(config, 1); }, ErrorKind::kResources),
              HasSubstr("train: 100000 images of 4096 x 4096 in colour take 5033 GB"));
}

}  // namespace
}  // namespace maas
