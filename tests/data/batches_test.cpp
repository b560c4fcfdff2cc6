#include "data/batches.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "data/counting_dataset.h"
#include "support/scratch.h"

namespace maas {
namespace {

TEST(BatchOrder, IsThisPermutationOnEveryPlatform) {
  EXPECT_THAT(values(permutation(10, 1, 0)),
              testing::UnorderedElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(values(permutation(10, 1, 0)), (std::vector<int64_t>{7, 3, 1, 9, 2, 6, 0, 8, 4, 5}));
}

TEST(BatchOrder, ChangesWithSeedAndEpochOnly) {
  const auto order = [](uint64_t seed, int64_t epoch) {
    return values(BatchOrder(1000, 1000, seed, epoch).index(0));
  };
  EXPECT_EQ(order(1, 0), order(1, 0));
  EXPECT_NE(order(1, 0), order(1, 1));
  EXPECT_NE(order(1, 0), order(2, 0));
}

TEST(BatchOrder, CoversEveryRowOnceAndKeepsTheShortBatch) {
  const BatchOrder order(103, 10, 7, 3);
  ASSERT_EQ(order.steps(), 11);
  std::vector<int64_t> all;
  for (int64_t step = 0; step < order.steps(); ++step) {
    const auto part = values(order.index(step));
    EXPECT_EQ(part.size(), step == 10 ? 3U : 10U);
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, values(at::arange(103, at::kLong)));
}

TEST(BatchOrder, GoesInOrderForEvaluation) {
  EXPECT_EQ(values(BatchOrder::in_order(5, 3).index(1)), (std::vector<int64_t>{3, 4}));
}

TEST(Subset, GivesTheRowsOfTheWhole) {
  const auto part = subset(counting_dataset(10), at::arange(4, 8, at::kLong));
  EXPECT_EQ(part->size(), 4);
  EXPECT_EQ(part->name_of(3), "row:7");
  EXPECT_EQ(values(load_batch(*part, at::arange(1, 3, at::kLong)).targets),
            (std::vector<int64_t>{5, 6}));
  error_of([&] { load_batch(*part, at::arange(4, 5, at::kLong)); }, ErrorKind::kInternal);
}

}  // namespace
}  // namespace maas
