#include "run/measure_plan.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/throw_error.h"
#include "program/example_sizes.h"
#include "tensor/random.h"

namespace maas {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// The smallest value of `sorted` that at least `share` of the values do not exceed.
double percentile(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<size_t>(share * static_cast<double>(sorted.size()));
  return sorted[std::min(rank, sorted.size() - 1)];
}

at::Tensor example_tensor(const Value& value, const SymbolValues& symbols, uint64_t seed) {
  const std::vector<int64_t> sizes = sizes_of(value, symbols);
  if (at::isFloatingType(value.dtype)) return normal_tensor(sizes, 1, seed).to(value.dtype);
  const int64_t bound = value.dtype == at::kByte ? 256 : 2;
  return at::empty(sizes, value.dtype).random_(0, bound, make_generator(seed));
}

}  // namespace

LatencyStats measure_latency(const Plan& plan, const std::vector<at::Tensor>& inputs,
                             const MeasureOptions& options) {
  const at::NoGradGuard no_grad;
  const auto begin = Clock::now();
  do {
    plan.run(inputs);
  } while (milliseconds_since(begin) < 1000 * options.warmup_seconds);
  std::vector<double> times;
  const auto start = Clock::now();
  while (milliseconds_since(start) < 1000 * options.seconds ||
         static_cast<int64_t>(times.size()) < options.min_calls) {
    const auto call = Clock::now();
    plan.run(inputs);
    times.push_back(milliseconds_since(call));
  }
  std::sort(times.begin(), times.end());
  const double sum = std::accumulate(times.begin(), times.end(), 0.0);
  return {static_cast<int64_t>(times.size()), percentile(times, 0.5), percentile(times, 0.9),
          percentile(times, 0.99), sum / static_cast<double>(times.size())};
}

std::vector<at::Tensor> example_inputs(const Program& program, int64_t batch) {
  const ExampleSizes sizes = example_sizes(program);
  if (sizes.fixed_batch && *sizes.fixed_batch != batch) {
    throw_usage("input '" + program.user_inputs()[0]->target + "'",
                fmt::format("takes a batch of {}, not of {}", *sizes.fixed_batch, batch),
                "a batch size that the model admits",
                fmt::format("use --batch {}", *sizes.fixed_batch));
  }
  const SymbolValues symbols = sizes.with_batch(batch);
  std::vector<at::Tensor> inputs;
  for (const GraphInput* input : program.user_inputs()) {
    inputs.push_back(example_tensor(program.value(input->value), symbols,
                                    mix_seed(1, "example", inputs.size())));
  }
  return inputs;
}

}  // namespace maas
