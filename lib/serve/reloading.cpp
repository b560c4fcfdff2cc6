#include "serve/reloading.h"

#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace maas {
namespace {

constexpr int kNice = 10;
constexpr auto kShortest = std::chrono::milliseconds(10);
constexpr auto kLongest = std::chrono::hours(24);

void lower_own_priority() {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), kNice);
}

}  // namespace

Reloading::Reloading(ModelLoader* loader, const Options& options,
                     std::function<void(ModelChanges&)> apply)
    : loader_(loader), options_(options), apply_(std::move(apply)) {}

Reloading::~Reloading() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

void Reloading::start() {
  const std::lock_guard lock(mutex_);
  started_ = loader_ != nullptr;
  if (options_.poll.count() > 0) begin();
}

void Reloading::begin() {
  if (started_ && !thread_.joinable()) thread_ = std::jthread([this] { run(); });
}

void Reloading::check_soon() {
  ask([](ModelLoader& loader) { return loader.changes(); }, [](const std::exception_ptr&) {});
}

std::vector<ModelState> Reloading::states() const {
  return loader_ == nullptr ? std::vector<ModelState>() : loader_->states();
}

void Reloading::ask(Work work, std::function<void(std::exception_ptr)> done) {
  const std::lock_guard lock(mutex_);
  wanted_.push_back([this, act = std::move(work), tell = std::move(done)] { do_work(act, tell); });
  changed_.notify_all();
  begin();
}

void Reloading::do_work(const Work& work, const std::function<void(std::exception_ptr)>& done) {
  try {
    ModelChanges changes = work(*loader_);
    apply_(changes);
  } catch (...) {
    return done(std::current_exception());
  }
  done(nullptr);
}

void Reloading::run() {
  lower_own_priority();
  at::init_num_threads();
  at::set_num_threads(1);
  const auto poll = options_.poll.count() > 0
                        ? std::max<ServeClock::duration>(options_.poll, kShortest)
                        : ServeClock::duration(kLongest);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool asked =
        changed_.wait_for(lock, poll, [this] { return stopping_ || !wanted_.empty(); });
    if (stopping_) return;
    if (!asked && options_.poll.count() == 0) continue;
    std::function<void()> next;
    if (asked) {
      next = std::move(wanted_.front());
      wanted_.pop_front();
    }
    lock.unlock();
    if (next) {
      next();
    } else {
      do_work([](ModelLoader& loader) { return loader.changes(); },
              [](const std::exception_ptr&) {});
    }
    lock.lock();
  }
}

}  // namespace maas
