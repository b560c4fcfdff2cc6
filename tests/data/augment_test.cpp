#include "data/augment.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include <cmath>
#include <numbers>
#include <set>

namespace maas {
namespace {

AugmentConfig change(std::optional<double> AugmentConfig::*which, double value) {
  AugmentConfig config;
  config.*which = value;
  return config;
}

at::Tensor ramp(int64_t batch) {
  return at::arange(batch * 3 * 8 * 8, at::kLong).to(at::kByte).view({batch, 3, 8, 8});
}

int64_t sum(const at::Tensor& images) { return images.to(at::kLong).sum().item<int64_t>(); }

TEST(Augment, ReturnsTheImagesWhenThereIsNothingToDo) {
  const at::Tensor images = ramp(2);
  EXPECT_TRUE(augment(images, {}, 1).is_same(images));
  EXPECT_TRUE(augment(images, {change(&AugmentConfig::flip, 0)}, 1).is_same(images));
}

TEST(Augment, DependsOnTheSeedAlone) {
  const std::vector<AugmentConfig> all = {
      change(&AugmentConfig::shift, 2),  change(&AugmentConfig::rotate, 15),
      change(&AugmentConfig::flip, 0.5), change(&AugmentConfig::crop, 1),
      change(&AugmentConfig::cutout, 3), change(&AugmentConfig::noise, 0.05)};
  const at::Tensor images = ramp(5), before = images.clone();
  EXPECT_TRUE(at::equal(augment(images, all, 9), augment(images, all, 9)));
  EXPECT_FALSE(at::equal(augment(images, all, 9), augment(images, all, 10)));
  EXPECT_TRUE(at::equal(images, before));
}

TEST(Augment, MirrorsLeftAndRight) {
  const at::Tensor images = ramp(2);
  EXPECT_TRUE(at::equal(augment(images, {change(&AugmentConfig::flip, 1)}, 1), images.flip({3})));
}

TEST(Augment, ShiftsWholePixelsWithinTheLimit) {
  at::Tensor images = at::zeros({200, 1, 9, 9}, at::kByte);
  images.select(2, 4).select(2, 4).fill_(200);
  const at::Tensor moved = augment(images, {change(&AugmentConfig::shift, 2)}, 5);
  EXPECT_EQ(sum(moved), 200 * 200);
  EXPECT_EQ(sum(moved.narrow(2, 2, 5).narrow(3, 2, 5)), 200 * 200);
  EXPECT_GT(sum(moved.select(2, 2)), 0);
  EXPECT_GT(sum(moved.select(2, 6)), 0);
}

// The image moved right by dx and down by dy, zero where it came from outside.
at::Tensor moved(const at::Tensor& image, int64_t dx, int64_t dy) {
  const int64_t height = image.size(1), width = image.size(2), margin = 4;
  at::Tensor wide =
      at::zeros({image.size(0), height + 2 * margin, width + 2 * margin}, image.options());
  wide.narrow(1, margin, height).narrow(2, margin, width).copy_(image);
  return wide.narrow(1, margin - dy, height).narrow(2, margin - dx, width);
}

// Of a batch of images, each with its own.
std::set<std::pair<int64_t, int64_t>> movements(const at::Tensor& before, const at::Tensor& after,
                                                int64_t limit) {
  std::set<std::pair<int64_t, int64_t>> found;
  for (int64_t i = 0; i < before.size(0); ++i) {
    const size_t had = found.size();
    bool explained = false;
    for (int64_t dx = -limit; dx <= limit && !explained; ++dx) {
      for (int64_t dy = -limit; dy <= limit && !explained; ++dy) {
        explained = at::equal(after[i], moved(before[i], dx, dy));
        if (explained) found.emplace(dx, dy);
      }
    }
    EXPECT_TRUE(explained) << "image " << i << " of " << had << " movements";
  }
  return found;
}

// Channels move together; every movement within the limit occurs.
TEST(Augment, ShiftsAndCropsAreMovementsOfTheWholeImage) {
  const at::Tensor images = ramp(300).add(1);
  for (const auto which : {&AugmentConfig::shift, &AugmentConfig::crop}) {
    const at::Tensor after = augment(images, {change(which, 2)}, 11);
    EXPECT_EQ(movements(images, after, 2).size(), 25u);
  }
}

TEST(Augment, ShiftsAddUp) {
  const at::Tensor images = ramp(300).add(1);
  const AugmentConfig shift = change(&AugmentConfig::shift, 1);
  EXPECT_EQ(movements(images, augment(images, {shift, shift}, 11), 2).size(), 25u);
}

TEST(Augment, MirrorsTheShareAskedFor) {
  const at::Tensor images = ramp(1000);
  const at::Tensor after = augment(images, {change(&AugmentConfig::flip, 0.3)}, 2);
  int64_t mirrored = 0;
  for (int64_t i = 0; i < images.size(0); ++i) {
    const bool same = at::equal(after[i], images[i]);
    EXPECT_TRUE(same || at::equal(after[i], images[i].flip({2})));
    mirrored += same ? 0 : 1;
  }
  EXPECT_NEAR(static_cast<double>(mirrored), 300, 4 * std::sqrt(1000 * 0.3 * 0.7));
}

// A dot three pixels to the right of the centre stays at that distance, within the angle.
TEST(Augment, RotatesWithinTheAngle) {
  at::Tensor images = at::zeros({200, 1, 11, 11}, at::kByte);
  images.select(2, 5).select(2, 8).fill_(250);
  const at::Tensor turned =
      augment(images, {change(&AugmentConfig::rotate, 60)}, 4).to(at::kDouble);
  double least = 0, most = 0;
  for (int64_t i = 0; i < 200; ++i) {
    const at::Tensor image = turned[i][0];
    const at::Tensor axis = at::arange(-5, 6, at::kDouble);
    const auto mass = image.sum().item<double>();
    const double x = image.sum(0).mul(axis).sum().item<double>() / mass;
    const double y = image.sum(1).mul(axis).sum().item<double>() / mass;
    EXPECT_NEAR(std::hypot(x, y), 3, 0.15);
    const double angle = std::atan2(y, x) * 180 / std::numbers::pi;
    EXPECT_LE(std::abs(angle), 63);
    least = std::min(least, angle);
    most = std::max(most, angle);
  }
  EXPECT_LT(least, -45);
  EXPECT_GT(most, 45);
}

TEST(Augment, CutsOneRectangleOutOfAllChannels) {
  const at::Tensor images = ramp(200).clamp_min(1);
  const at::Tensor after = augment(images, {change(&AugmentConfig::cutout, 3)}, 8);
  for (int64_t i = 0; i < images.size(0); ++i) {
    const at::Tensor gone = after[i].eq(0);
    EXPECT_TRUE(at::equal(gone[0], gone[1]) && at::equal(gone[0], gone[2]));
    const auto rows = gone[0].any(1).sum().item<int64_t>();
    const auto columns = gone[0].any(0).sum().item<int64_t>();
    EXPECT_EQ(gone[0].sum().item<int64_t>(), rows * columns);
    EXPECT_TRUE(rows >= 2 && rows <= 3 && columns >= 2 && columns <= 3);
    EXPECT_TRUE(at::equal(after[i], images[i].mul(gone.logical_not())));
  }
}

// Clamped, not wrapped around: black stays dark and white stays bright.
TEST(Augment, KeepsNoiseWithinTheScale) {
  for (const int64_t level : {0, 255}) {
    const at::Tensor images = at::full({4, 1, 28, 28}, level, at::kByte);
    const at::Tensor noisy = augment(images, {change(&AugmentConfig::noise, 0.05)}, 5);
    const at::Tensor off = noisy.to(at::kLong).sub(level).abs();
    EXPECT_LE(off.max().item<int64_t>(), 45);
    EXPECT_GT(off.max().item<int64_t>(), 20);
    EXPECT_NEAR(off.eq(0).to(at::kDouble).mean().item<double>(), 0.5, 0.05);
  }
}

TEST(Augment, TreatsTheImagesOfABatchDifferently) {
  const at::Tensor images = ramp(1).expand({20, 3, 8, 8}).contiguous();
  for (const auto which : {&AugmentConfig::shift, &AugmentConfig::rotate, &AugmentConfig::cutout}) {
    const at::Tensor after = augment(images, {change(which, 3)}, 6);
    EXPECT_FALSE(at::equal(after, after[0].expand_as(after)));
  }
}

TEST(Augment, RotatesAboutTheCentre) {
  const at::Tensor images = at::full({50, 1, 9, 9}, 100, at::kByte);
  const at::Tensor turned = augment(images, {change(&AugmentConfig::rotate, 45)}, 5);
  EXPECT_EQ(sum(turned.narrow(2, 3, 3).narrow(3, 3, 3)), 50 * 9 * 100);
  EXPECT_LT(sum(turned.select(2, 0).select(2, 0)), 50 * 100);
}

TEST(Augment, MirrorsAlikeWithAndWithoutRotation) {
  const at::Tensor images = ramp(3);
  const at::Tensor turned =
      augment(images, {change(&AugmentConfig::flip, 1), change(&AugmentConfig::rotate, 1e-9)}, 1);
  EXPECT_TRUE(at::equal(turned, images.flip({3})));
}

TEST(Augment, CutsASquareOut) {
  const at::Tensor images = at::full({100, 3, 8, 8}, 1, at::kByte);
  const at::Tensor cut = augment(images, {change(&AugmentConfig::cutout, 4)}, 5);
  for (int64_t i = 0; i < 100; ++i) {
    const int64_t gone = 3 * 64 - sum(cut[i]);
    EXPECT_GE(gone, 3 * 4);
    EXPECT_LE(gone, 3 * 16);
    EXPECT_EQ(gone % 3, 0);
  }
}

TEST(Augment, AddsNoiseOfTheDeviationAskedFor) {
  const at::Tensor images = at::full({20, 1, 28, 28}, 128, at::kByte);
  const at::Tensor noisy = augment(images, {change(&AugmentConfig::noise, 0.1)}, 5).to(at::kFloat);
  EXPECT_NEAR(noisy.mean().item<double>(), 128, 1);
  EXPECT_NEAR(noisy.std().item<double>(), 25.5, 1);
}

TEST(HashSeed, DiffersForEveryEpochAndStep) {
  EXPECT_NE(hash_seed(1, 0, 1), hash_seed(1, 1, 0));
  EXPECT_NE(hash_seed(1, 0, 1), hash_seed(2, 0, 1));
  EXPECT_EQ(hash_seed(1, 2, 3), hash_seed(1, 2, 3));
}

}  // namespace
}  // namespace maas
