// What a model's symbolic sizes demand of the inputs of a run
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "program/dim_expression.h"
#include "program/program.h"
#include "program/size_rules.h"

namespace maas {

// The sizes that one run gives to the symbols of a Program's inputs: each symbol one number, in its
// range, sizes that are computed from symbols ("2*s0") as computed, and the program's size rules
// kept. Immutable.
class DynamicSizes {
 public:
  explicit DynamicSizes(const Program& program);

  // `inputs` in the order of program.user_inputs(), with as many dimensions as declared. Throws
  // Error{kInput} naming the input and the dimension.
  void check(const std::vector<at::Tensor>& inputs) const;

  // The same of the size rules alone; costs nothing where there are none.
  void check_rules(const std::vector<at::Tensor>& inputs) const;

  // A size rule in terms of the inputs: "x.size(2) % 32 == 0".
  std::string text_of(const DimExpression& rule) const;

  // The same as Python evaluates it, sizes as `spell` has them (by the number of the input among
  // program.user_inputs(), and dimension); nullopt where no input tells one of its symbols.
  using SpellSize = std::function<std::string(size_t input, size_t dim)>;
  std::optional<std::string> spelled(const DimExpression& rule, const SpellSize& spell) const;

  // The most that dimension `dim` of input `input` may be; nullopt where nothing bounds it.
  std::optional<int64_t> highest(size_t input, size_t dim) const;

 private:
  struct Place {
    size_t input = 0, dim = 0;
    DimExpression expression;
    std::string symbol;  // when the expression is a symbol and nothing else
  };
  struct Known {
    int64_t size = 0;
    const Place* place = nullptr;  // that gave it
  };
  using Sizes = std::map<std::string, Known>;

  int64_t lowest_of(const std::string& symbol) const;
  std::optional<int64_t> highest_of(const std::string& symbol) const;
  std::string text_of(const Place& place) const;
  std::string nearest_text(const SymbolValues& sizes) const;
  void refuse_broken(const SymbolValues& sizes, const std::vector<at::Tensor>& inputs) const;
  void take_symbol(const Place& place, int64_t size, Sizes& known) const;
  void check_range(const Place& place, const std::string& symbol, int64_t number,
                   int64_t size) const;
  void check_computed(const Place& place, int64_t size, Sizes& known) const;

  std::vector<std::string> names_;  // of the inputs
  std::vector<Place> places_;       // symbols first, then what is computed from them
  std::map<std::string, SymbolRange> ranges_;
  SizeRules rules_;
};

}  // namespace maas
