// Admission: how many inferences run at once, and who waits.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

namespace maas {

using ServeClock = std::chrono::steady_clock;

// Its functions throw nothing; one of run, expire and drop is called, once.
struct Job {
  ServeClock::time_point deadline;  // not started later than this
  std::function<void()> run;
  std::function<void()> expire;     // when the deadline has passed
  std::function<bool()> is_wanted;  // asked before a job that has waited is run
  std::function<void()> drop;       // when it is not
};

// `slots` jobs run at once; `capacity` more wait, first come first served. Thread-safe.
//
// Whoever takes a slot runs its job and then calls next() until that returns nothing, which gives
// the slot back. So a job starts on the thread that brought it when a slot is free (no hand-over on
// the fast path), and no job is left waiting while a slot is free.
class JobQueue {
 public:
  enum class Entry { kRunNow, kQueued, kFull };

  JobQueue(size_t slots, size_t capacity) : free_slots_(slots), capacity_(capacity) {}

  // kRunNow: a slot is taken, `job` is untouched and the caller's to run. kQueued: moved from.
  Entry push(Job& job) {
    const std::lock_guard lock(mutex_);
    if (take_slot()) return Entry::kRunNow;
    if (waiting_.size() >= capacity_) return Entry::kFull;
    waiting_.push_back(std::move(job));
    return Entry::kQueued;
  }

  // For the holder of a slot: the job to go on with, or nothing, and then the slot is free.
  std::optional<Job> next() {
    const std::lock_guard lock(mutex_);
    if (waiting_.empty()) {
      ++free_slots_;
      return std::nullopt;
    }
    std::optional<Job> job(std::move(waiting_.front()));
    waiting_.pop_front();
    return job;
  }

  // Removes the jobs at the head whose deadline has passed.
  std::vector<Job> take_expired(ServeClock::time_point now) {
    const std::lock_guard lock(mutex_);
    std::vector<Job> expired;
    while (!waiting_.empty() && waiting_.front().deadline < now) {
      expired.push_back(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    return expired;
  }

  size_t waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }

 private:
  bool take_slot() {
    if (free_slots_ == 0 || !waiting_.empty()) return false;
    --free_slots_;
    return true;
  }

  mutable std::mutex mutex_;
  size_t free_slots_;
  const size_t capacity_;
  std::deque<Job> waiting_;
};

}  // namespace maas
