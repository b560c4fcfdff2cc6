#include "run/measure_plan.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <numeric>

#include "base/error.h"
#include "program/dim_expression.h"
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

SymbolValues smallest_symbols(const Program& program) {
  SymbolValues values;
  for (const auto& [name, range] : program.symbols) values[name] = range.min.value_or(1);
  return values;
}

void set_batch(const Program& program, int64_t batch, SymbolValues& symbols) {
  for (const GraphInput* input : program.user_inputs()) {
    const Value& value = program.value(input->value);
    if (value.shape.empty()) continue;
    const Dim& first = value.shape[0];
    if (first.is_symbolic() && symbols.count(first.expression) > 0) {
      symbols[first.expression] = batch;
    } else if (first.size != batch) {
      throw Error(ErrorKind::kUsage,
                  {.where = "input '" + input->target + "'",
                   .what = fmt::format("takes a batch of {}, not of {}", to_text(first), batch),
                   .expected = "a batch size that the model admits",
                   .fix = fmt::format("use --batch {}", first.size),
                   .excerpt = ""});
    }
  }
}

at::Tensor example_tensor(const Value& value, const SymbolValues& symbols, uint64_t seed) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : value.shape) {
    const auto expression = DimExpression::parse(dim.expression);
    const auto size = expression ? expression->evaluate(symbols) : std::nullopt;
    sizes.push_back(dim.is_symbolic() ? size.value_or(dim.size) : dim.size);
  }
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
  SymbolValues symbols = smallest_symbols(program);
  set_batch(program, batch, symbols);
  std::vector<at::Tensor> inputs;
  for (const GraphInput* input : program.user_inputs()) {
    inputs.push_back(example_tensor(program.value(input->value), symbols,
                                    mix_seed(1, "example", inputs.size())));
  }
  return inputs;
}

}  // namespace maas
