// A model's outputs for every row of a data set.
#pragma once

#include <cstdint>
#include <functional>

#include "data/dataset.h"
#include "evaluate/metrics.h"
#include "run/plan.h"

namespace maas {

// Called on the calling thread after each batch with the rows done so far and the rows in all.
using PredictProgress = std::function<void(int64_t done, int64_t total)>;

// How many rows of `dataset` a run should take of `most`: at least 1, no more than there are, and
// of images as many as are 16 MiB as floats (27 of 3 x 224 x 224), since a network holds several
// times as much between its layers, and larger batches would only leave the caches.
int64_t rows_at_once(int64_t most, const Dataset& dataset);

// Runs `plan` over `dataset` in order, in batches of rows_at_once(`batch_size`) rows (the last may
// be smaller), without recording gradients. Outputs are float32 [N, task.outputs()] on the CPU, N =
// dataset.size() (a single target may come as [B]); both tensors are ordinary ones, usable under
// autograd. `progress` may be empty; what it throws stops the work and passes through. Throws
// Error{kInput} when the data set is empty or the plan's first output has another shape.
Predictions predict_all(const Plan& plan, const Dataset& dataset, const TaskSpec& task,
                        int64_t batch_size, const PredictProgress& progress = {});

}  // namespace maas
