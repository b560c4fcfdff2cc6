#include "run/lower/convolution_race.h"

#include <gtest/gtest.h>

namespace maas {
namespace {

using Numbers = std::vector<int64_t>;

ConvolutionWindow window(int64_t padding, int64_t stride, int64_t groups = 1) {
  return {{padding, padding}, {stride, stride}, {1, 1}, groups};
}

TEST(ConvolutionRace, TimesSmallConvolutionsAsTheyAre) {
  EXPECT_EQ(timed_input({{8, 16, 14, 14}, {32, 16, 3, 3}, window(1, 1)}), (Numbers{8, 16, 14, 14}));
}

TEST(ConvolutionRace, TimesFewerRowsAndLowerImagesOfLargeOnes) {
  // 3136 x 64 x 64 x 9 = 115.6 million products a row: two rows are 231 million
  EXPECT_EQ(timed_input({{64, 64, 56, 56}, {64, 64, 3, 3}, window(1, 1)}),
            (Numbers{2, 64, 56, 56}));
  // 1024 x 64 x 64 x 9 = 37.7 million products a line: 8 lines, and what the kernel covers beside
  EXPECT_EQ(timed_input({{4, 64, 1024, 1024}, {64, 64, 3, 3}, window(1, 1)}),
            (Numbers{1, 64, 11, 1024}));
  // 21.2 million products a place: 15 of them, and what the kernel covers beside
  EXPECT_EQ(timed_input({{1, 512, 9, 100000}, {512, 512, 9, 9}, window(0, 1)}),
            (Numbers{1, 512, 9, 24}));
}

TEST(ConvolutionRace, OnednnTakesWhatOurOwnKernelsDoNot) {
  KernelTimes times("packed");
  KernelRace race(&times);
  const auto winner = [&](const ConvolutionSizes& sizes) {
    return quickest_convolution(race, sizes);
  };
  EXPECT_EQ(winner({{1, 32, 9, 9}, {32, 1, 3, 3}, window(1, 1, 32)}), ConvolutionKernel::kPacked);
  EXPECT_EQ(winner({{1, 32, 9, 9}, {16, 32, 3, 3}, window(1, 1)}), ConvolutionKernel::kPacked);
  EXPECT_EQ(winner({{1, 32, 9, 9}, {32, 2, 3, 3}, window(1, 1, 16)}), ConvolutionKernel::kOnednn);
  EXPECT_EQ(winner({{1, 32, 9, 9}, {64, 1, 3, 3}, window(1, 1, 32)}), ConvolutionKernel::kOnednn);
  EXPECT_EQ(winner({{1, 8, 9, 9}, {8, 1, 3, 3}, window(1, 1, 8)}), ConvolutionKernel::kOnednn);
  EXPECT_EQ(winner({{1, 32, 2, 9}, {16, 32, 3, 3}, window(0, 1)}), ConvolutionKernel::kOnednn);
}

}  // namespace
}  // namespace maas
