#include "http/stand_ins.h"

namespace maas {
namespace {

constexpr int kMostAtAGlance = 64;  // handlers

}  // namespace

void StandIns::run_member() {
  ++members_;
  {
    const std::lock_guard lock(mutex_);
    ++running_;
  }
  io_.run();
  const std::lock_guard lock(mutex_);
  --running_;
  --members_;
}

void StandIns::run_stand_in(const std::function<void()>& rest) {
  while (!io_.stopped()) {
    std::unique_lock lock(mutex_);
    if (!wanted_.wait_for(lock, kGlance, [this] { return is_needed(); })) {
      lock.unlock();
      for (int i = 0; i < kMostAtAGlance && io_.poll_one() > 0; ++i) {
      }
      rest();
      continue;
    }
    ++running_;
    // One more than is needed may wait here for an event: it goes when that has come.
    while (!io_.stopped() && running_ - at_long_work_ <= 1) {
      lock.unlock();
      io_.run_one();
      lock.lock();
    }
    --running_;
  }
}

void StandIns::begin_long_work() {
  const std::lock_guard lock(mutex_);
  ++at_long_work_;
  if (is_needed()) wanted_.notify_one();
}

void StandIns::end_long_work() {
  const std::lock_guard lock(mutex_);
  --at_long_work_;
}

}  // namespace maas
