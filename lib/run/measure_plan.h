// How long one run of a plan takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "program/program.h"
#include "run/plan.h"

namespace maas {

struct LatencyStats {
  int64_t calls = 0;
  double p50_ms = 0, p90_ms = 0, p99_ms = 0, mean_ms = 0;
};

struct MeasureOptions {
  double warmup_seconds = 0.5;  // at least one call is made
  double seconds = 2;           // wall time to measure for
  int64_t min_calls = 3;        // even if they take longer
};

// Runs the plan on the calling thread, without gradients, and times each call. The number of
// threads that an operator uses is the caller's business. Throws what Plan::run throws.
LatencyStats measure_latency(const Plan& plan, const std::vector<at::Tensor>& inputs,
                             const MeasureOptions& options);

// Inputs to measure with, the same on every call: floats drawn from N(0, 1), uint8 random bytes,
// other integers and booleans 0 or 1 (valid as indices, so as tokens of any vocabulary). Symbols
// that count samples become `batch`, the others are as in the example that the program was exported
// with (program/example_sizes.h). Throws Error{kUsage} when the program does not admit this batch
// size.
std::vector<at::Tensor> example_inputs(const Program& program, int64_t batch);

}  // namespace maas
