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

// Inputs to measure with, the same on every call (call/made_inputs.h). Symbols that count samples
// become `batch`, the others are as in the example that the program was exported with
// (program/example_sizes.h). Throws Error{kUsage} when the program does not admit this batch size.
std::vector<at::Tensor> example_inputs(const Program& program, int64_t batch);

// The same, but inputs that the plan has been seen to take: where its network refuses the first
// ones, others are tried (integers all 0, all 1). Throws Error{kUsage} naming the reason where it
// refuses them all, and the size rule where `batch` breaks one.
std::vector<at::Tensor> working_inputs(const Plan& plan, int64_t batch);

// Batch sizes to measure where nobody names any: the fixed one, or 1 and 64, or the nearest that
// the program's ranges and size rules allow.
std::vector<int64_t> usual_batches(const Program& program);

}  // namespace maas
