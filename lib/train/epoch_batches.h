// The batches of one epoch of training.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "data/batches.h"
#include "data/data_config.h"

namespace maas {

// Owns what it reads, so that a thread that loads ahead can be left behind with it.
struct EpochBatches {
  std::shared_ptr<const Dataset> samples;
  BatchOrder order;
  std::vector<AugmentConfig> augments;        // empty = as they are
  double hide_categories = 0, hide_text = 0;  // part of the values (data/hide_indices.h)
  uint64_t seed = 0;                          // of the run
  int64_t first_step = 0;                     // of the epoch, counted from the start of training
  int64_t smallest = 1;                       // rows of a batch: shorter ones join the one before

  // int64 [B]: the rows of a step. 0 <= step < steps().
  at::Tensor index(int64_t step) const;
  int64_t steps() const;

  // Augmented, categories and pieces of texts hidden, by (seed, step) alone. 0 <= step < steps().
  Batch load(int64_t step) const;
  // "batch 17 (cats/3.jpg, dogs/9.jpg, ...)"
  std::string name_of(int64_t step) const;
};

}  // namespace maas
