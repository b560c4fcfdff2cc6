// Threads of a listener that run only while the others are at long work.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "http/asio_names.h"

namespace maas {

// With two threads in one io_context every event wakes the other one: on one core that took up to a
// quarter of the CPU time of a request to a small model. So as many threads run it as compute at
// once, and beyond them one at a time stands in while all that run it are at work that was
// announced as long: health and small models are answered meanwhile. For long work that nobody
// announced, those who sleep look in every kGlance. Thread-safe.
class StandIns {
 public:
  static constexpr auto kGlance = std::chrono::milliseconds(50);

  explicit StandIns(net::io_context& io) : io_(io) {}

  void run_member();  // a thread that always runs the io_context, until that stops
  // One that stands in, until it stops; `rest` is called there, now and then, while it has nothing
  // to do.
  void run_stand_in(const std::function<void()>& rest);

  // Around long work, on any thread that runs the io_context.
  void begin_long_work();
  void end_long_work();

  int members() const { return members_; }

 private:
  bool is_needed() const { return running_ - at_long_work_ < 1; }  // the lock is held

  net::io_context& io_;
  std::atomic<int> members_{0};
  std::mutex mutex_;
  std::condition_variable wanted_;
  int running_ = 0;       // members, and stand-ins that are awake
  int at_long_work_ = 0;  // of them
};

// Of the thread that makes it, as long as it lives.
class LongWork {
 public:
  explicit LongWork(StandIns& stand_ins) : stand_ins_(stand_ins) { stand_ins_.begin_long_work(); }
  ~LongWork() { stand_ins_.end_long_work(); }
  LongWork(const LongWork&) = delete;
  LongWork& operator=(const LongWork&) = delete;

 private:
  StandIns& stand_ins_;
};

}  // namespace maas
