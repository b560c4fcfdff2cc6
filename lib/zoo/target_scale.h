// Outputs in the targets' units as a part of the graph: what stands behind every network.
#pragma once

#include "call/builder.h"
#include "sample/spec.h"

namespace maas {

// The scales of all targets, [K] each: float32, or float64 where TaskSpec::needs_float64().
struct ScaleTensors {
  at::Tensor mean, std_dev;
};
ScaleTensors scale_tensors(const TaskSpec& task);

// y * std + mean for y [B, K] and the task's K scales; y itself where the task has none. So
// a network learns numbers around 0 of size 1, as its initial weights and the usual learning rates
// expect, while what it gives is in the targets' units wherever the graph goes. The scales are
// buffers "targets.std" and "targets.mean": stored with the model, changed by no training. The type
// of the result is theirs.
Handle in_target_units(GraphBuilder& g, Handle y, const TaskSpec& task);

}  // namespace maas
