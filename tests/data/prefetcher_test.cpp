#include "data/prefetcher.h"

#include <ATen/ops/equal.h>
#include <gmock/gmock.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>

#include "data/batches.h"
#include "data/counting_dataset.h"
#include "support/scratch.h"

namespace maas {
namespace {

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

// D06
TEST(Prefetcher, NamesTheBatchThatHangsAndDoesNotWaitForIt) {
  struct Gate {
    std::mutex mutex;
    std::condition_variable opened;
    bool open = false;
  };
  const auto gate = std::make_shared<Gate>();
  Prefetcher batches(
      [gate, dataset = counting_dataset(4)](int64_t step) {
        std::unique_lock lock(gate->mutex);
        if (step == 1) gate->opened.wait(lock, [&] { return gate->open; });
        return load_batch(*dataset, at::arange(4, at::kLong));
      },
      {.first = 0,
       .last = 3,
       .patience = std::chrono::milliseconds(500),
       .name_of = [](int64_t step) { return "samples of step " + std::to_string(step); }});
  EXPECT_TRUE(batches.next());
  EXPECT_THAT(error_of([&] { batches.next(); }, ErrorKind::kResources),
              testing::AllOf(testing::HasSubstr("samples of step 1: is not loaded after 0.5 s"),
                             testing::HasSubstr("--resume")));
  EXPECT_FALSE(batches.next());
  const std::lock_guard lock(gate->mutex);
  gate->open = true;
  gate->opened.notify_all();
}

}  // namespace
}  // namespace maas
