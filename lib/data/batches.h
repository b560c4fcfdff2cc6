// Which rows make up step k of epoch e, and getting them in time.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "data/dataset.h"

namespace maas {

// A permutation of 0..size-1 as int64 [size] that depends on (size, seed, stream) only, on every
// platform: Fisher-Yates (Knuth, TAOCP 3.4.2 P) driven by SplitMix64 with unbiased bounded draws.
at::Tensor permutation(int64_t size, uint64_t seed, uint64_t stream);

// The rows of one epoch cut into steps; the last step may be short, none is dropped. Immutable.
class BatchOrder {
 public:
  // Shuffled by (seed, epoch). size >= 1, batch_size >= 1.
  BatchOrder(int64_t size, int64_t batch_size, uint64_t seed, int64_t epoch);
  // In the order of the dataset, for evaluation.
  static BatchOrder in_order(int64_t size, int64_t batch_size);

  int64_t steps() const { return (order_.size(0) + batch_size_ - 1) / batch_size_; }
  // int64 [B], B = batch_size but for the last step. 0 <= step < steps().
  at::Tensor index(int64_t step) const;

 private:
  BatchOrder(at::Tensor order, int64_t batch_size);
  at::Tensor order_;
  int64_t batch_size_;
};

// dataset.rows(index) after checking that index is int64 [B] and within the dataset.
Batch load_batch(const Dataset& dataset, const at::Tensor& index);

// Runs `load(first)`, `load(first + 1)`, ... `load(last - 1)` in this order, on one thread of its
// own up to two steps ahead of the consumer, or inside next() when `ahead` is false. The batches
// are the same either way. An exception of load is thrown by the next() that would have returned
// its batch; after it next() gives nothing more. The destructor waits for the load in progress, no
// longer. One consumer thread.
class Prefetcher {
 public:
  struct Options {
    int64_t first = 0;
    int64_t last = 0;  // one past the last step
    bool ahead = true;
  };
  Prefetcher(std::function<Batch(int64_t step)> load, const Options& options);
  ~Prefetcher();
  Prefetcher(const Prefetcher&) = delete;
  Prefetcher& operator=(const Prefetcher&) = delete;

  std::optional<Batch> next();  // nothing after the last step

 private:
  class Worker;
  std::function<Batch(int64_t)> load_;
  int64_t next_step_;
  int64_t last_;
  std::unique_ptr<Worker> worker_;  // null when not ahead
};

}  // namespace maas
