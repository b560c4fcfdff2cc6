// Which rows make up step k of epoch e.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

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

}  // namespace maas
