#include "data/prefetcher.h"

#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.h"

namespace maas {

// The thread that loads ahead, and the queue between it and the consumer. The thread holds it, too,
// so that one that is left behind finds what it needs.
class Prefetcher::Worker : public std::enable_shared_from_this<Worker> {
 public:
  Worker(Load load, int64_t first, int64_t last)
      : load_(std::move(load)), first_(first), last_(last) {}

  void start() {
    thread_ = std::thread([self = shared_from_this()] { self->run(); });
  }

  void stop() {
    ask_to_stop();
    if (thread_.joinable()) thread_.join();
  }

  void leave_behind() {
    ask_to_stop();
    thread_.detach();
  }

  // False when nothing came in time.
  bool wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, patience, [&] { return !ready_.empty() || finished_; });
  }

  // After wait().
  std::optional<Batch> take() {
    std::unique_lock lock(mutex_);
    if (!ready_.empty()) {
      Batch batch = std::move(ready_.front());
      ready_.pop_front();
      lock.unlock();
      changed_.notify_all();
      return batch;
    }
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
    return std::nullopt;
  }

 private:
  static constexpr size_t kAhead = 2;

  void ask_to_stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
  }

  void run() {
    std::exception_ptr failure;
    try {
      for (int64_t step = first_; step < last_; ++step) {
        if (!wait_for_room()) break;
        Batch batch = load_(step);
        {
          const std::lock_guard lock(mutex_);
          ready_.push_back(std::move(batch));
        }
        changed_.notify_all();
      }
    } catch (...) {
      failure = std::current_exception();
    }
    {
      const std::lock_guard lock(mutex_);
      failure_ = failure;
      finished_ = true;
    }
    changed_.notify_all();
  }

  // False when the consumer has gone.
  bool wait_for_room() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return stopping_ || ready_.size() < kAhead; });
    return !stopping_;
  }

  const Load load_;
  const int64_t first_, last_;
  std::mutex mutex_;  // guards what follows, up to the thread
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool finished_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

Prefetcher::Prefetcher(Load load, Options options)
    : load_(std::move(load)), options_(std::move(options)), next_step_(options_.first) {
  if (!options_.ahead) return;
  worker_ = std::make_shared<Worker>(load_, options_.first, options_.last);
  worker_->start();
}

Prefetcher::~Prefetcher() {
  if (worker_) worker_->stop();
}

std::optional<Batch> Prefetcher::next() {
  if (next_step_ >= options_.last) return std::nullopt;
  const int64_t step = next_step_;
  next_step_ = options_.last;  // stays there when load throws
  if (worker_ && !worker_->wait(options_.patience)) {
    next_step_ = step;
    give_up();
  }
  std::optional<Batch> batch = worker_ ? worker_->take() : load_(step);
  next_step_ = step + 1;
  return batch;
}

void Prefetcher::give_up() {
  std::exchange(worker_, nullptr)->leave_behind();
  const int64_t step = std::exchange(next_step_, options_.last);
  const double seconds = std::chrono::duration<double>(options_.patience).count();
  throw Error(
      ErrorKind::kResources,
      {.where = options_.name_of ? options_.name_of(step) : fmt::format("batch {}", step),
       .what = fmt::format("is not loaded after {:.3g} s", seconds),
       .expected = "data that can be read while training runs",
       .fix = "check the disk or the network drive that the data are on; go on with --resume"});
}

}  // namespace maas
