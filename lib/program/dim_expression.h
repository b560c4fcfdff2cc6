// Symbolic sizes: sympy's text, in infix ("2*s0 + 1") and constructor ("Symbol('s0', ...)") form.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace maas {

using SymbolValues = std::map<std::string, int64_t>;

// A parsed expression over +, -, *, /, //, %, **, real numbers and the functions Symbol, Integer,
// Add, Mul, Pow, FloorDiv, CleanDiv, Mod, PythonMod, Max, Min, IntTrueDiv, FloatTrueDiv, ToFloat,
// CeilToInt, FloorToInt, TruncToInt, ceiling, floor, under sympy's names and under Python's
// ("math.ceil"). A rule is an expression with ==, !=, <, <=, >, >=, and, or, not besides; it is 1
// where it holds and 0 where it does not. Copies are cheap.
class DimExpression {
 public:
  // nullopt when the text is not such an expression (at most 4096 characters, nesting 64).
  static std::optional<DimExpression> parse(std::string_view text);
  static std::optional<DimExpression> parse_rule(std::string_view text);

  // As Python computes it: true division and what follows from it in float64. nullopt on a missing
  // symbol, division by zero, overflow, or a result that is no whole number.
  std::optional<int64_t> evaluate(const SymbolValues& values) const;

  std::set<std::string> symbols() const;
  std::string infix() const;     // "2*s0"
  std::string exported() const;  // "2*Symbol('s0', positive=True, integer=True)"
  // As Python evaluates it, without sympy: "(s0 // 2) == 4", symbols as `spell` has them.
  std::string python(const std::function<std::string(const std::string&)>& spell) const;

  struct Term;

 private:
  static std::optional<DimExpression> of(std::shared_ptr<const Term> root);
  std::shared_ptr<const Term> root_;
};

}  // namespace maas
