// What a program demands of its sizes beyond the range of each symbol
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "program/dim_expression.h"
#include "program/program.h"

namespace maas {

// Program::size_rules, read. Immutable.
class SizeRules {
 public:
  explicit SizeRules(const Program& program);

  bool empty() const { return rules_.empty(); }

  // The first rule that does not hold, or that has no value (a division by zero) though all of its
  // symbols have one; nullptr where there is none.
  const DimExpression* broken(const SymbolValues& sizes) const;

  struct Search {
    std::set<std::string> fixed = {};  // symbols that stay as they are
    SymbolValues avoided = {};         // values that a symbol shall not take
  };
  // `wanted` if the rules hold there; otherwise sizes near it where they do, each at least 1 and in
  // its symbol's range. nullopt where some thousands of tries find none.
  std::optional<SymbolValues> near(SymbolValues wanted, const Search& search) const;
  std::optional<SymbolValues> near(SymbolValues wanted) const {
    return near(std::move(wanted), Search());
  }

 private:
  struct Rule {
    DimExpression expression;
    std::set<std::string> symbols;
  };
  struct Step;

  bool holds(const Rule& rule, const SymbolValues& sizes) const;
  int64_t count_broken(const SymbolValues& sizes) const;
  bool may_be(const std::string& symbol, int64_t size) const;
  std::optional<Step> best_step(const Rule& rule, SymbolValues sizes, const Search& search,
                                int64_t& tries) const;

  std::vector<Rule> rules_;
  std::map<std::string, SymbolRange> ranges_;
};

}  // namespace maas
