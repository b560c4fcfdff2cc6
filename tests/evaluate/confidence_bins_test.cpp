#include "evaluate/confidence_bins.h"

#include <gtest/gtest.h>

#include <cmath>

namespace maas {
namespace {

RowScore row(double confidence, bool right) {
  RowScore score;
  score.confidence = confidence;
  score.target = 0;
  score.predicted = right ? 0 : 1;
  return score;
}

TEST(Calibration, PutsAnUpperBoundIntoItsBin) {
  const auto bins = confidence_bins({row(0.5, true), row(0.25, false), row(1, true)}, 4);
  EXPECT_EQ(bins[0].count, 1);  // (0, 0.25]
  EXPECT_EQ(bins[1].count, 1);  // (0.25, 0.5]
  EXPECT_EQ(bins[2].count, 0);
  EXPECT_EQ(bins[3].count, 1);
  EXPECT_DOUBLE_EQ(bins[1].lower, 0.25);
  EXPECT_DOUBLE_EQ(bins[1].upper, 0.5);
}

TEST(Calibration, WeighsGapsByRows) {
  // Bin (.5, 1]: confidence .8, accuracy 2/3; bin (0, .5]: .4 and 1. (3 * |.8 - 2/3| + .6) / 4
  const std::vector<RowScore> rows = {row(.9, true), row(.8, true), row(.7, false), row(.4, true)};
  EXPECT_NEAR(expected_calibration_error(rows, 2), (3 * (.8 - 2.0 / 3) + .6) / 4, 1e-12);
}

TEST(Calibration, IsNotANumberForABrokenRow) {
  EXPECT_TRUE(std::isnan(expected_calibration_error({row(.9, true), row(std::nan(""), true)})));
  EXPECT_TRUE(std::isnan(expected_calibration_error({})));
}

}  // namespace
}  // namespace maas
