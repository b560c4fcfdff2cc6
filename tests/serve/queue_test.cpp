#include "serve/queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace maas {
namespace {

using Entry = JobQueue::Entry;

const ServeClock::time_point kStart = ServeClock::time_point{} + std::chrono::hours(1);

Job job(std::string& log, char name, int seconds = 60) {
  Job made;
  made.deadline = kStart + std::chrono::seconds(seconds);
  made.run = [&log, name] { log += name; };
  made.expire = [&log, name] { log += std::string("-") + name; };
  return made;
}

TEST(JobQueue, GivesFreeSlotsAndThenQueuesAndThenIsFull) {
  std::string log;
  JobQueue queue(2, 1);
  Job a = job(log, 'a'), b = job(log, 'b'), c = job(log, 'c'), d = job(log, 'd');
  EXPECT_EQ(queue.push(a), Entry::kRunNow);
  EXPECT_EQ(queue.push(b), Entry::kRunNow);
  EXPECT_EQ(queue.push(c), Entry::kQueued);
  EXPECT_EQ(queue.push(d), Entry::kFull);
  EXPECT_EQ(queue.waiting(), 1);
  a.run();  // untouched by push
  d.run();
  EXPECT_EQ(log, "ad");
}

TEST(JobQueue, PassesASlotOnInTheOrderOfArrival) {
  std::string log;
  JobQueue queue(1, 8);
  Job a = job(log, 'a'), b = job(log, 'b'), c = job(log, 'c');
  queue.push(a);
  queue.push(b);
  queue.push(c);
  while (auto next = queue.next()) next->run();
  EXPECT_EQ(log, "bc");
  EXPECT_EQ(queue.push(a), Entry::kRunNow);  // the slot was given back
}

TEST(JobQueue, WithoutCapacityNobodyWaits) {
  std::string log;
  JobQueue queue(1, 0);
  Job a = job(log, 'a'), b = job(log, 'b');
  EXPECT_EQ(queue.push(a), Entry::kRunNow);
  EXPECT_EQ(queue.push(b), Entry::kFull);
  EXPECT_FALSE(queue.next());
  EXPECT_EQ(queue.push(b), Entry::kRunNow);
}

TEST(JobQueue, TakesOutWhatIsLateAndNothingElse) {
  std::string log;
  JobQueue queue(1, 8);
  Job a = job(log, 'a'), b = job(log, 'b', 1), c = job(log, 'c', 2), d = job(log, 'd', 9);
  for (Job* each : {&a, &b, &c, &d}) queue.push(*each);
  EXPECT_TRUE(queue.take_expired(kStart + std::chrono::seconds(1)).empty());
  for (const Job& late : queue.take_expired(kStart + std::chrono::seconds(3))) late.expire();
  EXPECT_EQ(log, "-b-c");
  EXPECT_EQ(queue.waiting(), 1);
  queue.next()->run();
  EXPECT_EQ(log, "-b-cd");
}

TEST(JobQueue, LosesNothingBetweenThreads) {
  JobQueue queue(2, 1000);
  std::atomic<int> ran{0}, refused{0}, at_once{0}, most{0};
  const auto work = [&] {
    for (int i = 0; i < 500; ++i) {
      Job each;
      each.run = [&] {
        most = std::max(most.load(), ++at_once);
        ++ran;
        --at_once;
      };
      const Entry entry = queue.push(each);
      if (entry == Entry::kFull) ++refused;
      if (entry != Entry::kRunNow) continue;
      each.run();
      while (auto next = queue.next()) next->run();
    }
  };
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work);
  threads.clear();
  EXPECT_EQ(ran + refused, 2000);
  EXPECT_EQ(queue.waiting(), 0);
  EXPECT_LE(most, 2);
  std::string log;
  Job a = job(log, 'a'), b = job(log, 'b');
  EXPECT_EQ(queue.push(a), Entry::kRunNow);  // both slots were given back
  EXPECT_EQ(queue.push(b), Entry::kRunNow);
}

}  // namespace
}  // namespace maas
