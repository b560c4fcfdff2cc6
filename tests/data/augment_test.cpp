#include "data/augment.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>

#include "data/scratch.h"

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
