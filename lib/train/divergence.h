// What is told when a loss, its gradient or the weights stop being numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "data/dataset.h"
#include "record/run_folder.h"
#include "tensor/safetensors.h"

namespace maas {

struct Divergence {
  int64_t step = 0, total_steps = 0;  // steps done, the bad one included
  int64_t saved_step = 0;             // of the newest checkpoint; 0 = none
  double loss = 0;                    // finite: it was the gradient that was not
  double learning_rate = 0;
  at::Tensor rows;  // int64 [B], of the training split: the step's batch
};

// No floating tensor of these has a NaN or an infinity.
bool all_finite(const TensorMap& tensors);

// Error{kDiverged} naming the first samples of the batch and what to try.
Error divergence_error(const Divergence& what, const Dataset& train);

// The same for weights, or running statistics, that are not finite after a step whose loss was;
// `rows` is not used.
Error broken_weights_error(const Divergence& what);

// diverged.json in the run folder: step, what was not finite ("loss", "gradient"), the loss, the
// learning rate, and the name of every sample. A disk that refuses is not told: the error itself is
// on its way.
void write_divergence(const Divergence& what, const Dataset& train, const RunFolder& run);

}  // namespace maas
