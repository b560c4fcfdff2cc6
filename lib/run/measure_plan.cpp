#include "run/measure_plan.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <optional>

#include "base/throw_error.h"
#include "call/made_inputs.h"
#include "program/example_sizes.h"
#include "program/size_rules.h"
#include "tensor/short_reason.h"

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

SymbolValues sizes_with(const Program& program, int64_t batch) {
  const ExampleSizes sizes = example_sizes(program);
  if (sizes.fixed_batch && *sizes.fixed_batch != batch) {
    throw_usage("input '" + program.user_inputs()[0]->target + "'",
                fmt::format("takes a batch of {}, not of {}", *sizes.fixed_batch, batch),
                "a batch size that the model admits",
                fmt::format("use --batch {}", *sizes.fixed_batch));
  }
  return sizes.with_batch(batch);
}

// nullopt where the program has no batch near this.
std::optional<int64_t> batch_near(const Program& program, int64_t rows) {
  const ExampleSizes sizes = example_sizes(program);
  for (const std::string& symbol : sizes.batch) {
    const auto range = program.symbols.find(symbol);
    if (range == program.symbols.end()) continue;
    // torch.export writes 2 as the least of a size without a bound (program/dynamic_sizes.h).
    const int64_t least = range->second.min.value_or(1);
    rows = std::max(std::min(rows, range->second.max.value_or(rows)), least > 2 ? least : 1);
  }
  const auto near = SizeRules(program).near(sizes.with_batch(rows));
  if (!near) return std::nullopt;
  return sizes.batch.empty() ? rows : near->at(*sizes.batch.begin());
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
  return made_inputs(program, sizes_with(program, batch), 1);
}

std::vector<at::Tensor> working_inputs(const Plan& plan, int64_t batch) {
  const SymbolValues sizes = sizes_with(plan.program(), batch);
  const at::NoGradGuard no_grad;
  std::string reason;
  for (const UnboundIntegers unbound :
       {UnboundIntegers::kRandomBits, UnboundIntegers::kZeros, UnboundIntegers::kOnes}) {
    const auto inputs = made_inputs(plan.program(), sizes, 1, unbound);
    try {
      plan.run(inputs);
      return inputs;
    } catch (const Error&) {
      throw;  // these sizes are refused, whatever the values
    } catch (const std::exception& error) {
      if (reason.empty()) reason = short_reason(error);
    }
  }
  throw_usage(
      fmt::format("made-up inputs, batch {}", batch), "the network refuses them: " + reason,
      "inputs that it takes",
      "give some with --input FILE, a request as `maas predict` takes it, or another --batch");
}

std::vector<int64_t> usual_batches(const Program& program) {
  const auto fixed = example_sizes(program).fixed_batch;
  if (fixed) return {*fixed};
  std::vector<int64_t> batches;
  for (const int64_t rows : {1, 64}) {
    const int64_t near = batch_near(program, rows).value_or(rows);
    if (std::find(batches.begin(), batches.end(), near) == batches.end()) batches.push_back(near);
  }
  return batches;
}

}  // namespace maas
