#include "call/declare_shapes.h"

#include <fmt/format.h>

#include "base/throw_error.h"
#include "program/rewrite.h"

namespace maas {
namespace {

// Of a size or a number; nullopt when the expression cannot be evaluated.
std::optional<int64_t> evaluated(const Dim& dim, const SymbolValues& symbols) {
  if (!dim.is_symbolic()) return dim.size;
  const auto expression = DimExpression::parse(dim.expression);
  return expression ? expression->evaluate(symbols) : std::nullopt;
}

bool gives(const Dim& dim, const std::vector<SymbolValues>& assignments,
           const std::vector<int64_t>& sizes) {
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (evaluated(dim, assignments[i]) != sizes[i]) return false;
  }
  return true;
}

}  // namespace

ShapeDeclarer::ShapeDeclarer(const Program& program, std::string where)
    : where_(std::move(where)), inference_(where_) {
  const auto [base, other] = sample_symbols(program);
  assignments_.push_back(base);
  for (const auto& [symbol, value] : other) {
    if (value == base.at(symbol)) continue;
    varied_.push_back(symbol);
    assignments_.push_back(base);
    assignments_.back()[symbol] = value;
  }
  // Where symbols are multiplied shows only when they differ together.
  if (varied_.size() > 1) assignments_.push_back(other);
}

// A size that follows several symbols: their product by a number, or a sum of numbers of them.
std::optional<Dim> ShapeDeclarer::joint_dim(const std::vector<size_t>& moved,
                                            const std::vector<int64_t>& sizes) const {
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
    if (gives(dim, assignments_, sizes)) return dim;
  }
  return std::nullopt;
}

Dim ShapeDeclarer::dim_of(const Program& program, const Dim& before,
                          const std::vector<int64_t>& sizes) const {
  if (before.is_symbolic() && gives(before, assignments_, sizes)) return before;
  std::vector<size_t> moved;
  for (size_t i = 1; i <= varied_.size(); ++i) {
    if (sizes[i] != sizes[0]) moved.push_back(i);
  }
  if (moved.empty()) return Dim(sizes[0]);
  if (moved.size() > 1) {
    // An expression that the graph has, or a plain one.
    for (const Value& value : program.values) {
      for (const Dim& dim : value.shape) {
        if (dim.is_symbolic() && gives(dim, assignments_, sizes)) return dim;
      }
    }
    return joint_dim(moved, sizes).value_or(Dim("", -1));
  }
  const std::string& symbol = varied_[moved[0] - 1];
  const auto dim =
      linear_dim(symbol, {assignments_[0].at(symbol), assignments_[moved[0]].at(symbol)}, sizes[0],
                 sizes[moved[0]]);
  return dim ? *dim : Dim("", -1);
}

void ShapeDeclarer::declare_results(Program& program, int64_t node_index) const {
  std::vector<Slots> results;
  for (const SymbolValues& symbols : assignments_) {
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
    results.push_back(std::move(slots));
  }
  for_each_result(program.nodes[node_index], [&](ValueId id) {
    Value& value = program.value(id);
    const auto place = [&] {
      return where_ + ": " + describe_node(program, program.nodes[node_index], node_index);
    };
    const auto refuse = [&](const std::string& what) {
      throw_input(place(), what, "a size that follows one symbol, or an expression of the graph");
    };
    std::vector<int64_t> sizes(assignments_.size());
    if (results[0][id].isInt()) {
      value.kind = ValueKind::kSymInt;
      for (size_t i = 0; i < sizes.size(); ++i) sizes[i] = results[i][id].toInt();
      value.number = dim_of(program, value.number, sizes);
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
      value.shape.push_back(dim_of(program, before[d], sizes));
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
