// What every value of a graph would be, without computing it.
#pragma once

#include <string>

#include "call/call.h"
#include "program/dim_expression.h"
#include "program/program.h"

namespace maas {

// What to do about an operator for which libtorch has no shape rule.
enum class WithoutRule { kRunOnZeros, kRefuse };

// Evaluates nodes on the meta device (shapes and dtypes only). Keeps no reference to the Program
// after a call.
class ShapeInference {
 public:
  // `where` names the file or config in messages.
  explicit ShapeInference(std::string where, WithoutRule without_rule = WithoutRule::kRunOnZeros);

  // A meta tensor of a value's declared dtype and shape under `symbols`. Throws Error{kInput} when
  // a size cannot be computed or is negative.
  at::Tensor declared(const Value& value, const SymbolValues& symbols) const;

  // All graph inputs, declared; the other values are empty.
  Slots declared_inputs(const Program& program, const SymbolValues& symbols) const;

  // Runs one node: reads `slots` by ValueId, writes its results there. Throws Error{kInput} naming
  // the node with libtorch's reason (mismatched shapes, wrong dtypes).
  void run(const Program& program, int64_t node_index, Slots& slots) const;

  // All of it: declared inputs, then every node in order.
  Slots run(const Program& program, const SymbolValues& symbols) const;

 private:
  std::string where_;
  WithoutRule without_rule_;
};

// For a number that the graph takes from a tensor (item()): the least that the file allows it to
// be, 0 where nothing says, in place of what zeros would give. Of other nodes nothing changes.
void suppose_numbers(const Program& program, const Node& node, Slots& slots);

// Whether the value has a size that no input's shape tells (torch's "u0"): how many elements are
// not zero, say.
bool has_size_of_data(const Value& value, const SymbolValues& symbols);

// Two admissible assignments of the program's symbols (in their ranges, and as its size rules
// demand), different in every symbol where ranges and rules allow.
std::pair<SymbolValues, SymbolValues> sample_symbols(const Program& program);

// The smallest admissible sizes from 2 on (torch.export treats 0 and 1 apart), and sizes far from
// the example: about a thousand, as far as ranges and rules allow.
SymbolValues smallest_symbols(const Program& program);
SymbolValues large_symbols(const Program& program);

// The expression of a size that is `at_first` under the first assignment of one symbol and
// `at_second` under the second: "s0", "2*s0", "s0 + 1"; nullopt when it is not linear in it.
std::optional<Dim> linear_dim(const std::string& symbol, std::pair<int64_t, int64_t> symbol_values,
                              int64_t at_first, int64_t at_second);

}  // namespace maas
