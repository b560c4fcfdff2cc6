// A network without some of its units: weights cut, arguments that hold sizes set anew
#pragma once

#include <map>
#include <string>
#include <vector>

#include "program/program.h"
#include "transform/prune/dim_groups.h"

namespace maas {

// By group, in the order of dim_groups(): the units that stay, ascending. All of a group that may
// not shrink.
using KeptUnits = std::vector<std::vector<int64_t>>;
KeptUnits all_units(const std::vector<DimGroup>& groups);

// Where in a graph's values the units of its groups lie: read once, to try many choices. Keeps
// pointers to both arguments.
class UnitsInValues {
 public:
  UnitsInValues(const Program& program, const std::vector<DimGroup>& groups);

  // By dimension of a value: which indices stay. Dimensions that keep all are not there.
  // O(indices).
  using KeptIndices = std::map<DimRef, std::vector<bool>>;
  KeptIndices indices(const KeptUnits& kept) const;

  // The program with the sizes that its values would have; weights and arguments stay as they are.
  // For counting, not for running.
  Program with_sizes(const KeptUnits& kept) const;

 private:
  const Program* program_;
  const std::vector<DimGroup>* groups_;
  std::vector<int64_t> first_;                    // by group: the number of its first unit
  std::map<DimRef, std::vector<int64_t>> units_;  // by index: the unit's number; -1 = stays
};

// Weights that shrink are cut (new tensors; those that do not are shared), groups of convolutions
// and norms, sizes of reshapes, parts and slices follow, and all values are declared anew; symbolic
// dimensions stay what they were. The result passes verify(). `groups` are dim_groups(program).
// `where` names the file in messages. Throws Error{kInput} when a size that the graph computes no
// longer fits.
Program shrink(Program program, const std::vector<DimGroup>& groups, const KeptUnits& kept,
               const std::string& where);

}  // namespace maas
