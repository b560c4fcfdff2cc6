// The sizes that a program is shown and timed with.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "program/dim_expression.h"
#include "program/program.h"

namespace maas {

struct ExampleSizes {
  std::set<std::string> batch;  // symbols that count samples: the first symbol of every user input
  // Where there is none: the first dimension of the first input, fixed at export; 1 for an input of
  // rank 0 or 1, which is one sample.
  std::optional<int64_t> fixed_batch;
  // Every other symbol, as in the example that the program was exported with, within its range.
  SymbolValues others;

  // All symbols, with this batch size.
  SymbolValues with_batch(int64_t size) const;
};

ExampleSizes example_sizes(const Program& program);

// The shape of a value under `sizes`; a size that they do not give (one that depends on the data)
// is its hint.
std::vector<int64_t> sizes_of(const Value& value, const SymbolValues& sizes);

// The same program with hints (Dim::size) as if it had been exported with a batch of `rows` >= 1;
// one with a fixed batch stays as it is.
Program with_example_batch(Program program, int64_t rows);

}  // namespace maas
