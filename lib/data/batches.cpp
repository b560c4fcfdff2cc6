#include "data/batches.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "base/error.h"
#include "data/counter_random.h"

namespace maas {

at::Tensor permutation(int64_t size, uint64_t seed, uint64_t stream) {
  MAAS_CHECK(size >= 0);
  at::Tensor order = at::empty({size}, at::kLong);
  auto* values = order.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < size; ++i) values[i] = i;
  CounterRandom random(seed, stream);
  for (int64_t i = size - 1; i > 0; --i) {
    std::swap(values[i], values[random.below(static_cast<uint64_t>(i) + 1)]);
  }
  return order;
}

BatchOrder::BatchOrder(at::Tensor order, int64_t batch_size)
    : order_(std::move(order)), batch_size_(batch_size) {
  MAAS_CHECK(order_.size(0) >= 1 && batch_size_ >= 1);
}

BatchOrder::BatchOrder(int64_t size, int64_t batch_size, uint64_t seed, int64_t epoch)
    : BatchOrder(permutation(size, seed, static_cast<uint64_t>(epoch)), batch_size) {}

BatchOrder BatchOrder::in_order(int64_t size, int64_t batch_size) {
  return {at::arange(size, at::kLong), batch_size};
}

at::Tensor BatchOrder::index(int64_t step) const {
  MAAS_CHECK(step >= 0 && step < steps());
  const int64_t start = step * batch_size_;
  return order_.narrow(0, start, std::min(batch_size_, order_.size(0) - start));
}

Batch load_batch(const Dataset& dataset, const at::Tensor& index) {
  MAAS_CHECK(index.dim() == 1 && index.scalar_type() == at::kLong);
  const at::Tensor rows = index.contiguous();
  const auto* values = rows.const_data_ptr<int64_t>();
  const int64_t size = dataset.size();
  MAAS_CHECK(std::all_of(values, values + rows.size(0),
                         [&](int64_t row) { return row >= 0 && row < size; }));
  return dataset.rows(rows);
}

// The thread that loads ahead, and the queue between it and the consumer.
class Prefetcher::Worker {
 public:
  Worker(const std::function<Batch(int64_t)>& load, int64_t first, int64_t last)
      : load_(load), first_(first), last_(last), thread_([this] { run(); }) {}

  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  std::optional<Batch> next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return !ready_.empty() || finished_; });
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

  const std::function<Batch(int64_t)>& load_;
  const int64_t first_, last_;
  std::mutex mutex_;  // guards all that follows
  std::condition_variable changed_;
  std::deque<Batch> ready_;
  std::exception_ptr failure_;
  bool finished_ = false;
  bool stopping_ = false;
  std::thread thread_;  // last: starts when the rest is there
};

Prefetcher::Prefetcher(std::function<Batch(int64_t)> load, const Options& options)
    : load_(std::move(load)), next_step_(options.first), last_(options.last) {
  if (options.ahead) worker_ = std::make_unique<Worker>(load_, options.first, options.last);
}

Prefetcher::~Prefetcher() = default;

std::optional<Batch> Prefetcher::next() {
  if (worker_) return worker_->next();
  if (next_step_ >= last_) return std::nullopt;
  const int64_t step = next_step_;
  next_step_ = last_;  // stays there when load throws
  Batch batch = load_(step);
  next_step_ = step + 1;
  return batch;
}

}  // namespace maas
