// The shapes of new values, worked out and declared
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "call/infer.h"
#include "program/program.h"

namespace maas {

// Declares values by evaluating nodes on the meta device under several assignments of the symbols:
// one base assignment, for each symbol one where it alone differs, and some where all do, near and
// far. A size is a number, linear in one symbol ("2*s0 + 1"), an expression that the graph already
// has ("s0//2"), a product ("2*s0*s1") or a sum ("s0 + s1"): whatever fits under all of them.
class ShapeDeclarer {
 public:
  // `where` names the file in messages.
  ShapeDeclarer(const Program& program, std::string where);

  // Declares dtype and shape of the results of program.nodes[node_index]; the values that it reads
  // must be declared. Number results get their expression. Throws Error{kInput} naming the node
  // when libtorch refuses the arguments, or when a size follows no expression that it can find.
  void declare_results(Program& program, int64_t node_index) const;

 private:
  struct Samples {  // of one size
    std::vector<SymbolValues> assignments;
    std::vector<int64_t> sizes;
    bool fit(const Dim& dim) const;
  };

  Slots results_under(const Program& program, int64_t node_index,
                      const SymbolValues& symbols) const;
  std::optional<Dim> joint_dim(const std::vector<size_t>& moved, const Samples& samples) const;
  Dim dim_of(const Program& program, const Dim& before, const Samples& samples) const;

  std::string where_;
  ShapeInference inference_;
  std::vector<std::string> varied_;        // symbol that differs in assignment i + 1
  std::vector<SymbolValues> assignments_;  // the first is the base
  std::vector<SymbolValues> far_;          // which a node may refuse
};

// Every value of the graph declared anew from its inputs, for a program whose weights or constant
// sizes have changed. Declarations of inputs are taken from their tensors. O(nodes * symbols).
// Throws as declare_results() does.
Program with_shapes(Program program, const std::string& where);

}  // namespace maas
