// Symbolic sizes: sympy's text, in infix ("2*s0 + 1") and constructor ("Symbol('s0', ...)") form.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace maas {

using SymbolValues = std::map<std::string, int64_t>;

// A parsed expression over +, -, *, //, %, **, and the functions Symbol, Integer, Add, Mul, Pow,
// FloorDiv, CleanDiv, Mod, PythonMod, Max, Min, floor. Copies are cheap.
class DimExpression {
 public:
  // nullopt when the text is not such an expression (at most 4096 characters, nesting 64).
  static std::optional<DimExpression> parse(std::string_view text);

  // nullopt on a missing symbol, division by zero or overflow.
  std::optional<int64_t> evaluate(const SymbolValues& values) const;

  std::set<std::string> symbols() const;
  std::string infix() const;     // "2*s0"
  std::string exported() const;  // "2*Symbol('s0', positive=True, integer=True)"

 private:
  struct Term;
  std::shared_ptr<const Term> root_;
  friend class DimParser;
};

}  // namespace maas
