#include "call/declare_shapes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"
#include "program/rewrite.h"
#include "program/size_rules.h"

namespace maas {
namespace {

// Sizes that are rounded down (a stride of 32) look constant or linear from nearby.
constexpr int64_t kFarSteps[] = {37, 101};

// Of a size or a number; nullopt when the expression cannot be evaluated.
std::optional<int64_t> evaluated(const Dim& dim, const SymbolValues& symbols) {
  if (!dim.is_symbolic()) return dim.size;
  const auto expression = DimExpression::parse(dim.expression);
  return expression ? expression->evaluate(symbols) : std::nullopt;
}

// All symbols moved by `step`, as far as their ranges allow.
SymbolValues moved_by(const Program& program, SymbolValues symbols, int64_t step) {
  for (auto& [symbol, value] : symbols) {
    const auto range = program.symbols.find(symbol);
    const bool bounded = range != program.symbols.end() && range->second.max;
    value = bounded ? std::max(value, std::min(value + step, *range->second.max)) : value + step;
  }
  return symbols;
}

// Where one symbol alone takes this value, or another that the rules allow; nullopt where it has to
// stay.
std::optional<SymbolValues> with_one_moved(const SizeRules& rules, const SymbolValues& base,
                                           const std::string& symbol, int64_t value) {
  if (value == base.at(symbol)) return std::nullopt;
  SizeRules::Search search;
  for (const auto& [other, size] : base) {
    if (other != symbol) search.fixed.insert(other);
  }
  search.avoided[symbol] = base.at(symbol);
  SymbolValues moved = base;
  moved[symbol] = value;
  return rules.near(moved, search);
}

}  // namespace

ShapeDeclarer::ShapeDeclarer(const Program& program, std::string where)
    : where_(std::move(where)), inference_(where_) {
  const SizeRules rules(program);
  const auto [base, other] = sample_symbols(program);
  assignments_.push_back(base);
  for (const auto& [symbol, value] : other) {
    const auto moved = with_one_moved(rules, base, symbol, value);
    if (!moved) continue;
    varied_.push_back(symbol);
    assignments_.push_back(*moved);
  }
  // Where symbols are multiplied shows only when they differ together.
  if (varied_.size() > 1) assignments_.push_back(other);
  for (const int64_t step : kFarSteps) {
    if (const auto far = rules.near(moved_by(program, base, step))) far_.push_back(*far);
  }
}

bool ShapeDeclarer::Samples::fit(const Dim& dim) const {
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (evaluated(dim, assignments[i]) != sizes[i]) return false;
  }
  return true;
}

// A size that follows several symbols: their product by a number, or a sum of numbers of them.
std::optional<Dim> ShapeDeclarer::joint_dim(const std::vector<size_t>& moved,
                                            const Samples& samples) const {
  const std::vector<int64_t>& sizes = samples.sizes;
  int64_t product = 1, rest = sizes[0];
  std::string factors, terms;
  for (const size_t i : moved) {
    const std::string& symbol = varied_[i - 1];
    const int64_t from = assignments_[0].at(symbol), step = assignments_[i].at(symbol) - from;
    if (__builtin_mul_overflow(product, from, &product)) return std::nullopt;
    const int64_t each = (sizes[i] - sizes[0]) / step;
    rest -= each * from;
    factors += '*' + symbol;
    terms += fmt::format("{}{}*{}", terms.empty() ? "" : " + ", each, symbol);
  }
  const int64_t times = product == 0 ? 0 : sizes[0] / product;
  for (const std::string& text : {fmt::format("{}{}", times, factors),
                                  rest == 0 ? terms : fmt::format("{} + {}", terms, rest)}) {
    const auto expression = DimExpression::parse(text);
    if (!expression) continue;
    const Dim dim(times == 1 && text[0] == '1' ? text.substr(2) : expression->infix(), sizes[0]);
    if (samples.fit(dim)) return dim;
  }
  return std::nullopt;
}

Dim ShapeDeclarer::dim_of(const Program& program, const Dim& before, const Samples& samples) const {
  if (before.is_symbolic() && samples.fit(before)) return before;
  const std::vector<int64_t>& sizes = samples.sizes;
  std::vector<size_t> moved;
  for (size_t i = 1; i <= varied_.size(); ++i) {
    if (sizes[i] != sizes[0]) moved.push_back(i);
  }
  if (moved.size() < 2) {
    std::optional<Dim> dim = Dim(sizes[0]);
    if (moved.size() == 1) {
      const std::string& symbol = varied_[moved[0] - 1];
      dim = linear_dim(
          symbol, {samples.assignments[0].at(symbol), samples.assignments[moved[0]].at(symbol)},
          sizes[0], sizes[moved[0]]);
    }
    if (dim && samples.fit(*dim)) return *dim;
  }
  // An expression that the graph has (a size rounded down, say), or a plain one.
  for (const Value& value : program.values) {
    for (const Dim& dim : value.shape) {
      if (dim.is_symbolic() && samples.fit(dim)) return dim;
    }
  }
  const auto joint = moved.size() > 1 ? joint_dim(moved, samples) : std::nullopt;
  return joint.value_or(Dim("", -1));
}

Slots ShapeDeclarer::results_under(const Program& program, int64_t node_index,
                                   const SymbolValues& symbols) const {
  Slots slots(program.values.size());
  for_each_use(program.nodes[node_index], [&](ValueId id) {
    const Value& value = program.value(id);
    if (value.kind == ValueKind::kTensor) {
      slots[id] = inference_.declared(value, symbols);
    } else {
      slots[id] = evaluated(value.number, symbols).value_or(value.number.size);
    }
  });
  inference_.run(program, node_index, slots);
  return slots;
}

void ShapeDeclarer::declare_results(Program& program, int64_t node_index) const {
  Samples samples{assignments_, {}};
  std::vector<Slots> results;
  for (const SymbolValues& symbols : assignments_) {
    results.push_back(results_under(program, node_index, symbols));
  }
  for (const SymbolValues& symbols : far_) {
    // A range can be wider than what the graph takes (call/verify.h).
    try {
      results.push_back(results_under(program, node_index, symbols));
    } catch (const Error&) {
      continue;
    }
    samples.assignments.push_back(symbols);
  }
  samples.sizes.resize(samples.assignments.size());
  for_each_result(program.nodes[node_index], [&](ValueId id) {
    Value& value = program.value(id);
    const auto place = [&] {
      return where_ + ": " + describe_node(program, program.nodes[node_index], node_index);
    };
    const auto refuse = [&](const std::string& what) {
      throw_input(place(), what, "a size that follows one symbol, or an expression of the graph");
    };
    std::vector<int64_t>& sizes = samples.sizes;
    if (results[0][id].isInt()) {
      value.kind = ValueKind::kSymInt;
      for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = results[i][id].toInt();
      value.number = dim_of(program, value.number, samples);
      if (!value.number.is_symbolic() && value.number.size == -1)
        refuse("a number of no known kind");
    }
    if (value.kind != ValueKind::kTensor || !results[0][id].isTensor()) return;
    const at::Tensor& first = results[0][id].toTensor();
    value.dtype = first.scalar_type();
    value.strides.clear();
    std::vector<Dim> before = std::move(value.shape);
    before.resize(first.dim());
    value.shape.clear();
    for (int64_t d = 0; d < first.dim(); ++d) {
      for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = results[i][id].toTensor().size(d);
      value.shape.push_back(dim_of(program, before[d], samples));
      if (!value.shape.back().is_symbolic() && value.shape.back().size < 0) {
        refuse(fmt::format("size {} of %{} follows no known expression", d, value.name));
      }
    }
  });
}

Program with_shapes(Program program, const std::string& where) {
  for (const GraphInput& input : program.inputs) {
    const bool has_tensor =
        input.kind != GraphInput::Kind::kUser && input.kind != GraphInput::Kind::kConstantScalar;
    if (!has_tensor) continue;
    const at::Tensor& tensor = program.tensor_of(input);
    Value& value = program.value(input.value);
    value.dtype = tensor.scalar_type();
    value.shape = {tensor.sizes().begin(), tensor.sizes().end()};
    value.strides.clear();
  }
  const ShapeDeclarer declarer(program, where);
  for (int64_t i = 0; i < static_cast<int64_t>(program.nodes.size()); ++i) {
    declarer.declare_results(program, i);
  }
  return program;
}

}  // namespace maas
