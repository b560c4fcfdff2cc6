// Which dimensions of which weights shrink together, from the graph alone
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/program.h"
#include "transform/prune/dim_units.h"

namespace maas {

// A dimension of one weight, and for each unit of its group the indices that go with it.
struct GroupMember {
  ValueId input = kNoValue;  // the graph input that holds the tensor
  std::string tensor;        // its name: "fc1.weight"
  int64_t dim = 0;
  std::vector<std::vector<int64_t>> indices;  // by unit; at least one each
};

// Units (channels, hidden units, heads) that are members of the same dimensions. Units of other
// memberships that share some of these dimensions (the parts of a concatenation) are groups of
// their own. As in DepGraph (Fang et al. 2023, arXiv:2301.12900), but index by index: an offset
// (cat), a block (flatten) or a whole group (of a convolution) needs no case of its own.
struct DimGroup {
  std::string name;  // the layer that makes the units: "conv1", with others "stem (+4)"
  std::vector<GroupMember> members;  // in the order of the graph's inputs
  int64_t units = 0;
  std::string blocked_by;  // "" = may shrink; else why not, naming a node, input or output
};

// In the order of the graph's inputs; groups that may not shrink are told, too, when there is
// anything to tell. A unit is blocked when it reaches a user input or output, or an operator that
// computes across it or has no rule (dim_rule.h). O(indices of all dimensions).
std::vector<DimGroup> dim_groups(const Program& program);

// The partition itself: what dim_groups() reads the groups from, and shrink() the values.
DimUnits dim_units(const Program& program);

}  // namespace maas
