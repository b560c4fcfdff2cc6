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

// Runs `plan` over `dataset` in order, in batches of `batch_size` rows (the last may be smaller),
// without recording gradients. Outputs are float32 [N, task.outputs()] on the CPU, N =
// dataset.size() (a single target may come as [B]); both tensors are ordinary ones, usable under
// autograd. `progress` may be empty; what it throws stops the work and passes through. Throws
// Error{kInput} when the data set is empty or the plan's first output has another shape.
Predictions predict_all(const Plan& plan, const Dataset& dataset, const TaskSpec& task,
                        int64_t batch_size, const PredictProgress& progress = {});

}  // namespace maas
