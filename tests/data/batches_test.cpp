#include "data/batches.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <stdexcept>

#include "data/scratch.h"
#include "data/tensor_dataset.h"

namespace maas {
namespace {

std::vector<int64_t> values(const at::Tensor& index) {
  const auto* data = index.const_data_ptr<int64_t>();
  return {data, data + index.numel()};
}

std::shared_ptr<const Dataset> counting_dataset(int64_t size) {
  return tensor_dataset({.inputs = {at::arange(size, at::kFloat).view({size, 1})},
                         .targets = at::arange(size, at::kLong),
                         .spec = {},
                         .name_of = [](int64_t i) { return "row:" + std::to_string(i); }});
}

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

TEST(Prefetcher, GivesTheSameBatchesAheadOrNot) {
  const auto dataset = counting_dataset(100);
  const BatchOrder order(100, 8, 3, 0);
  const auto load = [&](int64_t step) { return load_batch(*dataset, order.index(step)); };
  Prefetcher ahead(load, {.first = 2, .last = order.steps(), .ahead = true});
  Prefetcher plain(load, {.first = 2, .last = order.steps(), .ahead = false});
  for (int64_t step = 2; step < order.steps(); ++step) {
    const auto a = ahead.next(), b = plain.next();
    ASSERT_TRUE(a && b);
    EXPECT_TRUE(at::equal(a->inputs[0], b->inputs[0]));
    EXPECT_EQ(values(a->targets), values(order.index(step)));
  }
  EXPECT_FALSE(ahead.next());
  EXPECT_FALSE(plain.next());
}

TEST(Prefetcher, ThrowsInTheConsumerAfterTheGoodBatches) {
  for (const bool ahead : {true, false}) {
    const auto dataset = counting_dataset(4);
    Prefetcher batches(
        [&](int64_t step) {
          if (step == 1) throw std::runtime_error("row 17 is bad");
          return load_batch(*dataset, at::arange(4, at::kLong));
        },
        {.first = 0, .last = 3, .ahead = ahead});
    EXPECT_TRUE(batches.next());
    EXPECT_THROW(batches.next(), std::runtime_error);
    EXPECT_FALSE(batches.next());
  }
}

TEST(Prefetcher, StopsWhenTheConsumerLeavesEarly) {
  const auto dataset = counting_dataset(4);
  std::atomic<int64_t> loads = 0;
  {
    Prefetcher batches(
        [&](int64_t) {
          ++loads;
          return load_batch(*dataset, at::arange(4, at::kLong));
        },
        {.first = 0, .last = 1'000'000, .ahead = true});
    batches.next();
  }
  EXPECT_LE(loads, 4);
}

}  // namespace
}  // namespace maas
