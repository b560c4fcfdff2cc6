#include "serve/batcher.h"

#include <ATen/ops/full.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/error.h"
#include "serve/requests.h"

namespace maas {
namespace {

const ServeClock::time_point kStart = ServeClock::now() + std::chrono::hours(1);

// Gives back what it takes; fails on -1.
class Copies final : public Session {
 public:
  const SessionInfo& info() const override { return info_; }
  std::vector<at::Tensor> infer(const std::vector<at::Tensor>& inputs) const override {
    if (inputs[0].item<double>() == -1) throw std::runtime_error("/secret/path");
    return inputs;
  }

 private:
  SessionInfo info_ = small_model();
};

// Writes into the log: its number when it is read, "=" and the output, "-" and the failure's
// status.
class Noted final : public QueuedInference {
 public:
  Noted(std::string& log, int number, ServeClock::time_point last = kStart)
      : QueuedInference(last), log_(log), number_(number) {}
  bool is_wanted() override { return wanted; }
  std::optional<std::vector<at::Tensor>> inputs() override {
    log_ += std::to_string(number_);
    if (during) during();
    if (!readable) return std::nullopt;
    return std::vector<at::Tensor>{at::full({}, number_)};
  }
  void answer(const std::vector<at::Tensor>& outputs) override {
    log_ += "=" + std::to_string(outputs.at(0).item<int64_t>()) + " ";
  }
  void fail(const InferenceFailure& failure) override {
    failed = failure;
    log_ += "-" + std::to_string(failure.status) + " ";
  }

  bool wanted = true, readable = true;
  std::function<void()> during;
  InferenceFailure failed;

 private:
  std::string& log_;
  int number_;
};

// A batcher whose posted tasks run when the test says so.
class BatcherTest : public testing::Test {
 protected:
  Batcher batcher(size_t slots, size_t capacity) {
    return {std::make_shared<Copies>(), BatcherLimits{slots, capacity},
            [this](std::function<void()> task) { tasks.push_back(std::move(task)); }};
  }
  std::shared_ptr<Noted> inference(int number, ServeClock::time_point last = kStart) {
    return std::make_shared<Noted>(log, number, last);
  }
  // Submits 1, and while it is computed whatever `others` submits.
  void submit_while_busy(Batcher& to, const std::function<void()>& others) {
    const auto first = inference(1);
    first->during = others;
    to.submit(first);
  }
  void run_tasks() {
    while (!tasks.empty()) {
      const auto task = std::move(tasks.front());
      tasks.pop_front();
      task();
    }
  }

  std::string log;
  std::deque<std::function<void()>> tasks;
};

TEST_F(BatcherTest, ComputesAtOnceWhereASlotIsFree) {
  Batcher one = batcher(1, 0);
  one.submit(inference(5));
  one.submit(inference(6));
  EXPECT_EQ(log, "5=5 6=6 ");
  EXPECT_TRUE(tasks.empty());
}

TEST_F(BatcherTest, ThoseWithoutASlotWaitAndThoseWithoutAPlaceAreTurnedAway) {
  Batcher one = batcher(1, 1);
  const auto third = inference(3);
  submit_while_busy(one, [&] {
    one.submit(inference(2));
    EXPECT_EQ(one.waiting(), 1);
    one.submit(third);
  });
  EXPECT_EQ(log, "1-503 =1 ");  // turned away unread
  EXPECT_EQ(third->failed.message, "too many requests are waiting; try again");
  EXPECT_EQ(third->failed.retry_after_seconds, 1);
  run_tasks();
  EXPECT_EQ(log, "1-503 =1 2=2 ");
}

TEST_F(BatcherTest, PassesASlotOnInTheOrderOfArrivalAsTasksOfTheirOwn) {
  Batcher one = batcher(1, 8);
  submit_while_busy(one, [&] {
    for (int i = 2; i < 5; ++i) one.submit(inference(i));
  });
  EXPECT_EQ(log, "1=1 ");
  EXPECT_EQ(tasks.size(), 1);
  run_tasks();
  EXPECT_EQ(log, "1=1 2=2 3=3 4=4 ");
  one.submit(inference(5));  // the slot was given back
  EXPECT_EQ(log, "1=1 2=2 3=3 4=4 5=5 ");
}

TEST_F(BatcherTest, HasAsManySlotsAsItWasGiven) {
  Batcher two = batcher(2, 8);
  submit_while_busy(two, [&] {
    two.submit(inference(2));
    const auto third = inference(3);
    third->during = [&] {
      two.submit(inference(4));  // waits
    };
    two.submit(third);
  });
  EXPECT_EQ(log, "12=2 3=3 =1 ");
  run_tasks();
  EXPECT_EQ(log, "12=2 3=3 =1 4=4 ");
}

TEST_F(BatcherTest, FailsWhatIsLateAndNothingElse) {
  Batcher one = batcher(1, 8);
  const auto late = inference(2, kStart + std::chrono::seconds(1));
  submit_while_busy(one, [&] {
    one.submit(late);
    one.submit(inference(3, kStart + std::chrono::seconds(2)));
    one.submit(inference(4, kStart + std::chrono::seconds(9)));
    one.expire(kStart + std::chrono::seconds(1));
    EXPECT_EQ(one.waiting(), 3);
    one.expire(kStart + std::chrono::seconds(3));
    EXPECT_EQ(one.waiting(), 1);
  });
  EXPECT_EQ(late->failed.message, "the request waited too long for a worker");
  run_tasks();
  EXPECT_EQ(log, "1-504 -504 =1 4=4 ");
}

TEST_F(BatcherTest, LooksAtDeadlineAndClientAgainBeforeItComputesWhatHasWaited) {
  Batcher one = batcher(1, 8);
  const auto gone = inference(3);
  submit_while_busy(one, [&] {
    one.submit(inference(2, ServeClock::time_point{}));
    gone->wanted = false;
    one.submit(gone);
    one.submit(inference(4));
  });
  run_tasks();
  EXPECT_EQ(log, "1=1 -504 -499 4=4 ");
  EXPECT_EQ(gone->failed.message, "the client closed while the request waited");
}

TEST_F(BatcherTest, DoesNotAskWhetherAnInferenceWithAFreeSlotIsWanted) {
  Batcher one = batcher(1, 0);
  const auto first = inference(1, ServeClock::time_point{});
  first->wanted = false;
  one.submit(first);
  EXPECT_EQ(log, "1=1 ");
}

TEST_F(BatcherTest, OneThatFailsKeepsNoSlot) {
  Batcher one = batcher(1, 8);
  const auto strange = inference(-1), unreadable = inference(2);
  unreadable->readable = false;
  submit_while_busy(one, [&] {
    one.submit(strange);
    one.submit(unreadable);
    one.submit(inference(3));
  });
  run_tasks();
  EXPECT_EQ(log, "1=1 -1-500 23=3 ");
  EXPECT_EQ(strange->failed.message, "the model failed on this request; the server's log says why");
}

TEST_F(BatcherTest, LetsGoOfWhatIsDone) {
  Batcher one = batcher(1, 8);
  auto first = inference(1), second = inference(2);
  const std::weak_ptr<Noted> watched[] = {first, second};
  first->during = [&] { one.submit(std::move(second)); };
  one.submit(std::move(first));
  EXPECT_TRUE(watched[0].expired());
  EXPECT_FALSE(watched[1].expired());
  run_tasks();
  EXPECT_TRUE(watched[1].expired());
}

TEST_F(BatcherTest, DestroysWhatStillWaits) {
  std::weak_ptr<Noted> watched;
  {
    Batcher one = batcher(1, 8);
    submit_while_busy(one, [&] {
      one.submit(inference(2));
      const auto third = inference(3);
      watched = third;
      one.submit(third);
    });
    EXPECT_FALSE(watched.expired());
    tasks.clear();
  }
  EXPECT_TRUE(watched.expired());
  EXPECT_EQ(log, "1=1 ");
}

struct Counts {
  std::atomic<int> answered{0}, refused{0}, at_once{0}, most{0};
};

class Counted final : public QueuedInference {
 public:
  explicit Counted(Counts& counts) : QueuedInference(kStart), counts_(counts) {}
  bool is_wanted() override { return true; }
  std::optional<std::vector<at::Tensor>> inputs() override {
    const int now = ++counts_.at_once;
    for (int most = counts_.most; now > most && !counts_.most.compare_exchange_weak(most, now);) {
    }
    return std::vector<at::Tensor>{at::full({}, 1)};
  }
  void answer(const std::vector<at::Tensor>&) override {
    --counts_.at_once;
    ++counts_.answered;
  }
  void fail(const InferenceFailure&) override { ++counts_.refused; }

 private:
  Counts& counts_;
};

TEST_F(BatcherTest, LosesNothingBetweenThreads) {
  Counts counts;
  std::mutex mutex;
  std::deque<std::function<void()>> posted;
  Batcher two(std::make_shared<Copies>(), {.slots = 2, .capacity = 1000},
              [&](std::function<void()> task) {
                const std::lock_guard lock(mutex);
                posted.push_back(std::move(task));
              });
  const auto run_posted = [&] {
    while (true) {
      std::function<void()> task;
      {
        const std::lock_guard lock(mutex);
        if (posted.empty()) return;
        task = std::move(posted.front());
        posted.pop_front();
      }
      task();
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 500; ++k) {
        two.submit(std::make_shared<Counted>(counts));
        if (k % 3 == 0) run_posted();
      }
    });
  }
  threads.clear();
  run_posted();
  EXPECT_EQ(counts.answered + counts.refused, 2000);
  EXPECT_EQ(two.waiting(), 0);
  EXPECT_LE(counts.most, 2);
}

}  // namespace
}  // namespace maas
