#include "export/samples.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>
#include <fmt/format.h>

#include <algorithm>

#include "call/index_limits.h"
#include "program/example_sizes.h"
#include "tensor/random.h"

namespace maas {
namespace {

constexpr int64_t kHeldOutBatch = 64;
constexpr int64_t kOtherBatch = 3, kRandomBatch = 16;

at::Tensor random_tensor(const Value& value, const std::vector<int64_t>& sizes, uint64_t seed) {
  if (at::isFloatingType(value.dtype)) return normal_tensor(sizes, 1, seed).to(value.dtype);
  const int64_t bound = value.dtype == at::kByte ? 256 : 2;
  return at::empty(sizes, value.dtype).random_(0, bound, make_generator(seed));
}

// The part of `tensor` that a limit is about; undefined where this size has none of it.
at::Tensor part_of(const at::Tensor& tensor, const IndexLimit& limit) {
  if (limit.dim < 0) return tensor;
  if (limit.dim >= tensor.dim()) return {};
  const int64_t end = std::min(limit.end, tensor.size(limit.dim));
  if (limit.begin >= end) return {};
  return tensor.narrow(limit.dim, limit.begin, end - limit.begin);
}

// Limits may overlap: each draws anew, and in the end all are kept to.
void keep_to(const std::vector<IndexLimit>& limits, const at::Tensor& tensor, uint64_t seed) {
  for (const IndexLimit& limit : limits) {
    const at::Tensor part = part_of(tensor, limit);
    if (!part.defined() || limit.highest < limit.lowest) continue;
    part.random_(limit.lowest, limit.highest + 1, make_generator(seed));
  }
  for (const IndexLimit& limit : limits) {
    const at::Tensor part = part_of(tensor, limit);
    if (part.defined() && limit.highest >= limit.lowest) part.clamp_(limit.lowest, limit.highest);
  }
}

std::vector<at::Tensor> random_batch(const Program& program, const SymbolValues& symbols,
                                     uint64_t seed) {
  const auto limits = index_limits(program);
  std::vector<at::Tensor> inputs;
  for (const GraphInput* input : program.user_inputs()) {
    const Value& value = program.value(input->value);
    const uint64_t own_seed = mix_seed(seed, "samples", inputs.size());
    const at::Tensor tensor = random_tensor(value, sizes_of(value, symbols), own_seed);
    if (c10::isIntegralType(value.dtype, false)) keep_to(limits[inputs.size()], tensor, own_seed);
    inputs.push_back(tensor);
  }
  return inputs;
}

int64_t within(const Program& program, const std::string& symbol, int64_t size) {
  const auto range = program.symbols.find(symbol);
  if (range == program.symbols.end()) return size;
  return std::max(std::min(size, range->second.max.value_or(size)), range->second.min.value_or(1));
}

// Sizes near these, as the symbols' ranges allow. Symbols with the same size in the example stay
// alike: a mask is as long as what it masks, though the graph may not say so.
SymbolValues sizes_near(const Program& program, int64_t rows, int64_t longer) {
  const ExampleSizes sizes = example_sizes(program);
  SymbolValues symbols;
  for (const std::string& symbol : sizes.batch) symbols[symbol] = within(program, symbol, rows);
  for (const auto& [symbol, size] : sizes.others) {
    symbols[symbol] = within(program, symbol, size + longer);
    if (symbols[symbol] == size) symbols[symbol] = within(program, symbol, size - longer);
  }
  return symbols;
}

}  // namespace

Samples held_out_samples(const Dataset& dataset, const Program& program, int64_t rows,
                         const std::string& name) {
  const ExampleSizes sizes = example_sizes(program);
  const int64_t total = std::min(rows, dataset.size());
  int64_t begin = 0;
  Samples samples;
  while (begin < total) {
    const int64_t wanted = sizes.fixed_batch.value_or(begin == 0 ? 1 : kHeldOutBatch);
    const int64_t count = std::min(wanted, total - begin);
    if (sizes.fixed_batch && count < wanted) break;
    samples.batches.push_back(
        dataset.rows(at::arange(begin, begin + count, at::TensorOptions().dtype(at::kLong)))
            .inputs);
    begin += count;
  }
  samples.origin = fmt::format("{} rows of {}", begin, name);
  return samples;
}

Samples random_samples(const Program& program) {
  Samples samples;
  samples.origin = "random inputs";
  if (example_sizes(program).others.empty() && example_sizes(program).batch.empty()) {
    for (const uint64_t seed : {1, 2, 3}) {
      samples.batches.push_back(random_batch(program, {}, seed));
    }
    return samples;
  }
  samples.batches = {random_batch(program, sizes_near(program, 1, 0), 1),
                     random_batch(program, sizes_near(program, kOtherBatch, 1), 2),
                     random_batch(program, sizes_near(program, kRandomBatch, 0), 3)};
  return samples;
}

}  // namespace maas
