#include "program/example_sizes.h"

#include <algorithm>

namespace maas {
namespace {

// The hint of a plain symbol, if it has one, moved into the symbol's range.
int64_t example_of(const Program& program, const std::string& symbol, int64_t hint) {
  const auto range = program.symbols.find(symbol);
  const bool known = range != program.symbols.end();
  const int64_t low = std::max<int64_t>(known ? range->second.min.value_or(1) : 1, 1);
  const int64_t high = known ? range->second.max.value_or(INT64_MAX) : INT64_MAX;
  return std::clamp(hint, low, std::max(low, high));
}

}  // namespace

SymbolValues ExampleSizes::with_batch(int64_t size) const {
  SymbolValues all = others;
  for (const std::string& symbol : batch) all[symbol] = size;
  return all;
}

ExampleSizes example_sizes(const Program& program) {
  ExampleSizes sizes;
  for (const GraphInput* input : program.user_inputs()) {
    bool is_first = true;
    for (const Dim& dim : program.value(input->value).shape) {
      const auto expression = DimExpression::parse(dim.expression);
      if (!dim.is_symbolic() || !expression) continue;
      for (const std::string& symbol : expression->symbols()) {
        const bool plain = expression->infix() == symbol;
        if (is_first && plain) sizes.batch.insert(symbol);
        is_first = false;
        if (plain || sizes.others.count(symbol) == 0) {
          sizes.others[symbol] = example_of(program, symbol, plain ? dim.size : 0);
        }
      }
    }
  }
  for (const std::string& symbol : sizes.batch) sizes.others.erase(symbol);
  const auto inputs = program.user_inputs();
  if (sizes.batch.empty()) {
    const auto* shape = inputs.empty() ? nullptr : &program.value(inputs[0]->value).shape;
    sizes.fixed_batch = shape != nullptr && shape->size() > 1 ? (*shape)[0].size : 1;
  }
  return sizes;
}

std::vector<int64_t> sizes_of(const Value& value, const SymbolValues& sizes) {
  std::vector<int64_t> shape;
  for (const Dim& dim : value.shape) {
    const auto expression = dim.is_symbolic() ? DimExpression::parse(dim.expression) : std::nullopt;
    const auto size = expression ? expression->evaluate(sizes) : std::nullopt;
    shape.push_back(size.value_or(dim.size));
  }
  return shape;
}

Program with_example_batch(Program program, int64_t rows) {
  const SymbolValues sizes = example_sizes(program).with_batch(rows);
  for (Value& value : program.values) {
    const std::vector<int64_t> shape = sizes_of(value, sizes);
    for (size_t d = 0; d < shape.size(); ++d) value.shape[d].size = shape[d];
  }
  return program;
}

}  // namespace maas
