#include "train/epoch_batches.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include "data/tensor_dataset.h"

namespace maas {
namespace {

EpochBatches batches_of(int64_t first_step) {
  const auto pictures = tensor_dataset({.inputs = {at::randint(256, {10, 1, 8, 8}, at::kByte)},
                                        .targets = at::arange(10, at::kLong),
                                        .spec = {},
                                        .name_of = [](int64_t i) { return std::to_string(i); }});
  AugmentConfig shift;
  shift.shift = 2;
  return {.samples = pictures,
          .order = BatchOrder::in_order(10, 4),
          .augments = {shift},
          .seed = 1,
          .first_step = first_step};
}

TEST(EpochBatches, AreNamedByTheirFirstSamples) {
  EXPECT_EQ(batches_of(0).name_of(1), "batch 1 (4, 5, 6, ...)");
  EXPECT_EQ(batches_of(0).name_of(2), "batch 2 (8, 9)");
}

TEST(EpochBatches, JoinARestThatIsTooShortToTheBatchBefore) {
  EpochBatches batches = batches_of(0);
  batches.order = BatchOrder::in_order(9, 4);
  EXPECT_EQ(batches.steps(), 3);
  batches.smallest = 2;
  EXPECT_EQ(batches.steps(), 2);
  EXPECT_EQ(batches.load(0).size(), 4);
  EXPECT_TRUE(at::equal(batches.index(1), at::tensor({4, 5, 6, 7, 8}, at::kLong)));
  EXPECT_EQ(batches.load(1).size(), 5);
  batches.order = BatchOrder::in_order(10, 4);  // the rest has two rows
  EXPECT_EQ(batches.steps(), 3);
  EXPECT_EQ(batches.index(2).size(0), 2);
}

TEST(EpochBatches, AreAugmentedByTheStepOfTheWholeTraining) {
  EpochBatches batches = batches_of(0);
  const at::Tensor first = batches.load(0).inputs[0];
  EXPECT_TRUE(at::equal(first, batches.load(0).inputs[0]));
  batches.first_step = 3;
  EXPECT_FALSE(at::equal(first, batches.load(0).inputs[0]));
}

}  // namespace
}  // namespace maas
