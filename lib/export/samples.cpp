#include "export/samples.h"

#include <ATen/ops/arange.h>
#include <fmt/format.h>

#include <algorithm>

#include "call/made_inputs.h"
#include "program/example_sizes.h"
#include "program/size_rules.h"

namespace maas {
namespace {

constexpr int64_t kHeldOutBatch = 64;
constexpr int64_t kOtherBatch = 3, kRandomBatch = 16;

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
  const SizeRules rules(program);
  return rules.near(symbols).value_or(rules.near(sizes.with_batch(rows)).value_or(symbols));
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
      samples.batches.push_back(made_inputs(program, {}, seed));
    }
    return samples;
  }
  samples.batches = {made_inputs(program, sizes_near(program, 1, 0), 1),
                     made_inputs(program, sizes_near(program, kOtherBatch, 1), 2),
                     made_inputs(program, sizes_near(program, kRandomBatch, 0), 3)};
  return samples;
}

}  // namespace maas
