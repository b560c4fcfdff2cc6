#include "serve/batcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "serve/noted_inferences.h"

namespace maas {
namespace {

TEST_F(BatcherTest, ComputesAtOnceWhereASlotIsFree) {
  const auto made = batcher(1, 0);
  Batcher& one = *made;
  one.submit(inference(5));
  one.submit(inference(6));
  EXPECT_EQ(log, "5=5 6=6 ");
  EXPECT_TRUE(tasks.empty());
}

TEST_F(BatcherTest, ThoseWithoutASlotWaitAndThoseWithoutAPlaceAreTurnedAway) {
  const auto made = batcher(1, 1);
  Batcher& one = *made;
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
  const auto made = batcher(1, 8);
  Batcher& one = *made;
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

TEST_F(BatcherTest, ThoseOfALowerLevelGoFirstAndOneLevelInTheOrderOfArrival) {
  const auto one = batcher(1, 8);
  submit_while_busy(*one, [&] {
    int number = 2;
    for (const int64_t level : {3, 1, 2, 3, 1}) {
      const auto next = inference(number++);
      next->priority = level;
      one->submit(next);
    }
  });
  run_tasks();
  EXPECT_EQ(log, "1=1 3=3 6=6 4=4 2=2 5=5 ");
}

TEST_F(BatcherTest, OneOfALowerLevelGetsThePlaceOfOneOfAHigher) {
  const auto one = batcher(1, 2);
  const auto low = inference(3);
  low->priority = 2;
  submit_while_busy(*one, [&] {
    one->submit(inference(2));
    one->submit(low);
    one->submit(inference(4));
    EXPECT_EQ(one->waiting(), 2);
    const auto late = inference(5);
    late->priority = 2;
    one->submit(late);
  });
  EXPECT_EQ(low->failed.status, 503);
  EXPECT_EQ(log, "1-503 -503 =1 ");
  run_tasks();
  EXPECT_EQ(log, "1-503 -503 =1 2=2 4=4 ");
}

TEST_F(BatcherTest, WhatIsLateFailsWhereverItWaits) {
  const auto one = batcher(1, 8);
  submit_while_busy(*one, [&] {
    one->submit(inference(2));
    const auto late = inference(3, std::chrono::seconds(-1));
    late->priority = 2;
    one->submit(late);
    one->expire(ServeClock::now());
    EXPECT_EQ(late->failed.status, 504);
    EXPECT_EQ(one->waiting(), 1);
  });
  run_tasks();
}

TEST_F(BatcherTest, HasAsManySlotsAsItWasGiven) {
  const auto made = batcher(2, 8);
  Batcher& two = *made;
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
  const auto made = batcher(1, 8);
  Batcher& one = *made;
  using std::chrono::seconds;
  const auto late = inference(2, kLong + seconds(1));
  submit_while_busy(one, [&] {
    one.submit(late);
    one.submit(inference(3, kLong + seconds(2)));
    one.submit(inference(4, kLong + seconds(9)));
    one.expire(late->arrived + kLong);
    EXPECT_EQ(one.waiting(), 3);
    one.expire(late->arrived + kLong + seconds(3));
    EXPECT_EQ(one.waiting(), 1);
  });
  EXPECT_EQ(late->failed.message, "the request waited too long for a worker");
  run_tasks();
  EXPECT_EQ(log, "1-504 -504 =1 4=4 ");
}

TEST_F(BatcherTest, LooksAtDeadlineAndClientAgainBeforeItComputesWhatHasWaited) {
  const auto made = batcher(1, 8);
  Batcher& one = *made;
  const auto gone = inference(3);
  submit_while_busy(one, [&] {
    one.submit(inference(2, -kLong));
    gone->wanted = false;
    one.submit(gone);
    one.submit(inference(4));
  });
  let_wait(*gone);  // whoever waits for less is there
  run_tasks();
  EXPECT_EQ(log, "1=1 -504 -499 4=4 ");
  EXPECT_EQ(gone->failed.message, "the client closed while the request waited");
}

TEST_F(BatcherTest, DoesNotAskWhetherAnInferenceWithAFreeSlotIsWanted) {
  const auto made = batcher(1, 0);
  Batcher& one = *made;
  const auto first = inference(1);
  first->wanted = false;
  one.submit(first);
  EXPECT_EQ(log, "1=1 ");
}

TEST_F(BatcherTest, OneThatFailsKeepsNoSlot) {
  const auto made = batcher(1, 8);
  Batcher& one = *made;
  const auto strange = inference(-1), unreadable = inference(2);
  unreadable->readable = false;
  submit_while_busy(one, [&] {
    one.submit(strange);
    one.submit(unreadable);
    one.submit(inference(3));
  });
  run_tasks();
  EXPECT_EQ(log, "1=1 -1-500 2-400 3=3 ");
  EXPECT_EQ(strange->failed.message, "the model failed on this request; the server's log says why");
}

TEST_F(BatcherTest, LetsGoOfWhatIsDone) {
  const auto made = batcher(1, 8);
  Batcher& one = *made;
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
    const auto made = batcher(1, 8);
    Batcher& one = *made;
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

TEST_F(BatcherTest, TurnsAwayWhoWouldWaitTooLong) {
  const auto made = batcher({.slots = 1, .capacity = 1000, .longest_wait = kLong});
  Batcher& one = *made;
  const auto slow = inference(1);
  slow->during = [&] { let_wait(*slow); };
  one.submit(slow);
  std::shared_ptr<Noted> hurried, patient;
  submit_while_busy(one, [&] {
    for (int i = 0; i < 4; ++i) one.submit(inference(2));  // one slow inference says little
    patient = inference(4, std::chrono::seconds(10));
    hurried = inference(3, std::chrono::milliseconds(2));
    one.submit(hurried);
    one.submit(patient);
  });
  EXPECT_EQ(hurried->failed.status, 503);
  EXPECT_EQ(hurried->failed.message, "the wait would be too long; try again later");
  EXPECT_EQ(patient->failed.message, "");
}

TEST_F(BatcherTest, AnnouncesWorkThatTookLongBeforeOrWasNeverDone) {
  const auto made = batcher(1, 8);
  const auto told_at = [&](std::chrono::milliseconds length) {
    int told = -1;
    const auto next = inference(1);
    next->during = [&] {
      told = announced;
      std::this_thread::sleep_for(length);
    };
    made->submit(next);
    EXPECT_EQ(announced, 0);
    return told;
  };
  EXPECT_EQ(told_at(std::chrono::milliseconds(20)), 1);  // unknown
  EXPECT_EQ(told_at(std::chrono::milliseconds(0)), 1);
  int rounds = 0;  // about forty, more where the machine is busy
  while (told_at(std::chrono::milliseconds(0)) != 0) ASSERT_LT(++rounds, 1000);
}

TEST_F(BatcherTest, ForeseesWhatIsComputedAndWhatComesToShareABatch) {
  const auto made = batcher({.slots = 1, .capacity = 1000, .longest_wait = kLong});
  const auto slow = inference(1);
  slow->during = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  made->submit(slow);
  std::shared_ptr<Noted> fifth;
  submit_while_busy(*made, [&] {
    for (int i = 0; i < 4; ++i) made->submit(inference(2));
    fifth = inference(3, std::chrono::milliseconds(105));  // one is computed, four wait, and itself
    made->submit(fifth);
  });
  EXPECT_EQ(fifth->failed.status, 503);
}

struct Counts {
  std::atomic<int> answered{0}, refused{0}, at_once{0}, most{0};
};

class Counted final : public QueuedInference {
 public:
  explicit Counted(Counts& counts) : QueuedInference(kLong), counts_(counts) {}
  const void* client() const override { return this; }
  bool is_wanted() override { return true; }
  std::vector<at::Tensor> inputs() override {
    const int now = ++counts_.at_once;
    for (int most = counts_.most; now > most && !counts_.most.compare_exchange_weak(most, now);) {
    }
    return {at::full({}, 1)};
  }
  void answer(const std::vector<at::Tensor>&) override {
    --counts_.at_once;
    ++counts_.answered;
  }
  void fail(const InferenceFailure&) noexcept override { ++counts_.refused; }

 private:
  Counts& counts_;
};

TEST_F(BatcherTest, LosesNothingBetweenThreads) {
  Counts counts;
  std::mutex mutex;
  std::deque<std::function<void()>> posted;
  const auto made = std::make_shared<Batcher>(
      std::make_shared<Copies>(), BatcherLimits{.slots = 2, .capacity = 1000},
      Batcher::Threads{[&](ServeClock::duration, std::function<void()> task) {
        const std::lock_guard lock(mutex);
        posted.push_back(std::move(task));
      }});
  Batcher& two = *made;
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
