#include "call/infer.h"

#include <ATen/core/List.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/throw_error.h"
#include "call/meta_kernels.h"
#include "call/piece_limit.h"
#include "program/operators.h"
#include "program/rewrite.h"
#include "program/size_rules.h"
#include "tensor/dtype.h"
#include "tensor/short_reason.h"

namespace maas {
namespace {

constexpr int64_t kMostElements = int64_t{1} << 26;  // for operators that must run on zeros

// Replaces the values that the node reads by `convert` of them; gives back what was there.
Slots converted_inputs(const Node& node, const Slots& slots,
                       const std::function<at::Tensor(const at::Tensor&)>& convert) {
  Slots changed = slots;
  for_each_use(node, [&](ValueId id) {
    c10::IValue& value = changed[id];
    if (value.isTensor() && value.toTensor().defined()) value = convert(value.toTensor());
  });
  return changed;
}

// In whole memory: where operands lie differently in a real run is the kernel's own concern.
void run_on(double filled_with, const Call& call, const Node& node, Slots& slots,
            const std::string& where) {
  Slots real = converted_inputs(node, slots, [&](const at::Tensor& meta) {
    if (meta.numel() > kMostElements) {
      throw_input(where, fmt::format("no shape rule, and {} elements to try it on", meta.numel()),
                  fmt::format("at most {}", kMostElements), "use smaller example shapes");
    }
    return at::full(meta.sizes(), filled_with, meta.options().device(at::kCPU));
  });
  call.run(real);
  for_each_result(node, [&](ValueId id) {
    c10::IValue& value = real[id];
    if (value.isTensor() && value.toTensor().defined()) {
      const at::Tensor& tensor = value.toTensor();
      value = at::empty(tensor.sizes(), tensor.options().device(at::kMeta));
    }
    slots[id] = value;
  });
}

// What zeros run into (chances of nothing, a factor without an inverse), ones may not.
void try_kernel(const Call& call, const Node& node, Slots& slots, const std::string& where) {
  try {
    run_on(0, call, node, slots, where);
  } catch (const c10::Error&) {
    run_on(1, call, node, slots, where);
  }
}

}  // namespace

ShapeInference::ShapeInference(std::string where, WithoutRule without_rule)
    : where_(std::move(where)), without_rule_(without_rule) {
  register_meta_kernels();
}

at::Tensor ShapeInference::declared(const Value& value, const SymbolValues& symbols) const {
  std::vector<int64_t> sizes;
  for (const Dim& dim : value.shape) {
    int64_t size = dim.size;
    if (dim.is_symbolic()) {
      const auto expression = DimExpression::parse(dim.expression);
      const auto known = expression ? expression->evaluate(symbols) : std::nullopt;
      if (!known) {
        throw_input(fmt::format("{}: value '{}'", where_, value.name),
                    fmt::format("size '{}'", dim.expression),
                    "an expression over the model's symbols", "export the model again");
      }
      size = *known;
    }
    if (size < 0) {
      throw_input(fmt::format("{}: value '{}'", where_, value.name), fmt::format("size {}", size),
                  "at least 0", "export the model again");
    }
    sizes.push_back(size);
  }
  if (!dense_bytes(value.dtype, sizes)) {
    throw_input(fmt::format("{}: value '{}'", where_, value.name),
                fmt::format("sizes [{}]", fmt::join(sizes, ", ")), "a tensor that memory can hold",
                "export the model again");
  }
  return at::empty(sizes, at::TensorOptions().dtype(value.dtype).device(at::kMeta));
}

void ShapeInference::run(const Program& program, int64_t node_index, Slots& slots) const {
  const Node& node = program.nodes[node_index];
  Call call(program, node, node_index);
  const std::string where = where_ + ": " + describe_node(program, node, node_index);
  const c10::InferenceMode no_gradients;
  slots.resize(program.values.size());
  check_pieces(node, slots, where);
  try {
    call.set_device(at::kMeta);
    // Numbers that the graph gives for tensors were made on the CPU; meta kernels take them.
    call.run(slots);
  } catch (const c10::NotImplementedError&) {
    if (without_rule_ == WithoutRule::kRefuse) {
      throw_input(where, "no shape rule", "an operator with one", "use the sizes of the example");
    }
    call.set_device(at::kCPU);
    try {
      try_kernel(call, node, slots, where);
      suppose_numbers(program, node, slots);
    } catch (const Error&) {
      throw;
    } catch (const std::exception& error) {
      throw_input(where, short_reason(error), "arguments that the operator takes",
                  "the graph is inconsistent; export it again");
    }
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw_input(where, short_reason(error), "arguments that the operator takes",
                "the graph is inconsistent; export it again");
  }
}

Slots ShapeInference::declared_inputs(const Program& program, const SymbolValues& symbols) const {
  Slots slots(program.values.size());
  for (const GraphInput& input : program.inputs) {
    if (input.value == kNoValue) continue;
    slots[input.value] = declared(program.value(input.value), symbols);
  }
  return slots;
}

Slots ShapeInference::run(const Program& program, const SymbolValues& symbols) const {
  Slots slots = declared_inputs(program, symbols);
  for (int64_t i = 0; i < static_cast<int64_t>(program.nodes.size()); ++i) run(program, i, slots);
  return slots;
}

void suppose_numbers(const Program& program, const Node& node, Slots& slots) {
  if (!is_one_of(node.op, {"aten::item", "aten::_local_scalar_dense"})) return;
  for_each_result(node, [&](ValueId id) {
    if (!slots[id].isInt()) return;
    const auto range = program.symbols.find(program.value(id).number.expression);
    if (range == program.symbols.end() || !range->second.min) return;
    slots[id] = std::max<int64_t>(0, *range->second.min);
  });
}

bool has_size_of_data(const Value& value, const SymbolValues& symbols) {
  for (const Dim& dim : value.shape) {
    const auto expression = DimExpression::parse(dim.expression);
    if (!dim.is_symbolic() || !expression) continue;
    for (const std::string& symbol : expression->symbols()) {
      if (symbol.front() == 'u' && symbols.count(symbol) == 0) return true;
    }
  }
  return false;
}

namespace {

// A hint (or 4) for every symbol in the inputs' shapes.
SymbolValues symbol_hints(const Program& program) {
  SymbolValues hints;
  for (const GraphInput& input : program.inputs) {
    if (input.value == kNoValue) continue;
    for (const Dim& dim : program.value(input.value).shape) {
      if (!dim.is_symbolic()) continue;
      const auto expression = DimExpression::parse(dim.expression);
      if (!expression) continue;
      for (const std::string& symbol : expression->symbols()) {
        const bool is_symbol_itself = expression->infix() == symbol;
        if (is_symbol_itself || hints.count(symbol) == 0) {
          hints[symbol] = is_symbol_itself && dim.size > 1 ? dim.size : 4;
        }
      }
    }
  }
  return hints;
}

// Both included; from 2 on.
std::pair<int64_t, int64_t> range_of(const Program& program, const std::string& symbol) {
  const auto range = program.symbols.find(symbol);
  const bool known = range != program.symbols.end();
  const int64_t low = std::max<int64_t>(known ? range->second.min.value_or(2) : 2, 2);
  const int64_t high = known ? range->second.max.value_or(INT32_MAX) : INT32_MAX;
  return {low, std::max(low, high)};
}

}  // namespace

std::pair<SymbolValues, SymbolValues> sample_symbols(const Program& program) {
  const SizeRules rules(program);
  const SymbolValues hints = symbol_hints(program);
  SymbolValues first, second;
  for (const auto& [symbol, hint] : hints) {
    const auto [low, high] = range_of(program, symbol);
    first[symbol] = std::clamp(std::min<int64_t>(hint, 64), low, high);
  }
  // The sizes of the exporter's example, if nothing smaller will do.
  first = rules.near(first).value_or(rules.near(hints).value_or(first));
  int64_t apart = 0;
  for (const auto& [symbol, size] : first) {
    const auto [low, high] = range_of(program, symbol);
    apart += 1;  // different steps, so that two symbols are not mistaken for each other
    second[symbol] = std::clamp(size + apart, low, high);
    if (second[symbol] == size) second[symbol] = std::max(low, size - apart);
  }
  return {first, rules.near(second, {.avoided = first}).value_or(first)};
}

SymbolValues smallest_symbols(const Program& program) {
  SymbolValues smallest;
  for (const auto& [symbol, hint] : symbol_hints(program)) {
    smallest[symbol] = range_of(program, symbol).first;
  }
  return SizeRules(program).near(smallest).value_or(sample_symbols(program).first);
}

SymbolValues large_symbols(const Program& program) {
  SymbolValues large;
  int64_t size = 1021;
  for (const auto& [symbol, hint] : symbol_hints(program)) {
    const auto [low, high] = range_of(program, symbol);
    large[symbol] = std::clamp(size, low, high);
    size += 10;
  }
  return SizeRules(program).near(large).value_or(sample_symbols(program).first);
}

std::optional<Dim> linear_dim(const std::string& symbol, std::pair<int64_t, int64_t> symbol_values,
                              int64_t at_first, int64_t at_second) {
  if (at_first == at_second) return Dim(at_first);
  const auto [first, second] = symbol_values;
  const int64_t run = second - first, rise = at_second - at_first;
  if (run == 0 || rise % run != 0) return std::nullopt;
  const int64_t slope = rise / run, offset = at_first - slope * first;
  std::string text = slope == 1 ? symbol : fmt::format("{}*{}", slope, symbol);
  if (offset != 0) text += fmt::format(" {} {}", offset > 0 ? "+" : "-", std::abs(offset));
  return Dim(text, at_first);
}

}  // namespace maas
