// Which indices of which dimensions of a graph's values belong to the same unit: a partition that
// grows as rules tie indices together.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// A dimension of a value, counted from 0.
struct DimRef {
  ValueId value = kNoValue;
  int64_t dim = 0;
  bool operator==(const DimRef&) const = default;
  auto operator<=>(const DimRef&) const = default;
};

// Union-find over the indices of every dimension with a plain size; symbolic dimensions have no
// indices. A unit that is held never shrinks. Keeps a pointer to the program. O(indices) memory;
// dimensions that would take too much of it have no indices either, and hold what is tied to them.
class DimUnits {
 public:
  explicit DimUnits(const Program& program);

  const Program& program() const { return *program_; }
  bool has_indices(const DimRef& at) const;
  int64_t size(const DimRef& at) const;  // 0 without indices

  // Index i of `a` and index j of `b` are of one unit. Without indices on one side, holds the
  // other.
  void tie(const DimRef& a, int64_t i, const DimRef& b, int64_t j);
  // No unit of this dimension may go, and why: "aten::lstm has no rule". "" = it is no matter of
  // units (the height of a convolution's window) and not worth telling.
  void hold(const DimRef& at, const std::string& reason);

  // A number that all indices of one unit share.
  int32_t unit_of(const DimRef& at, int64_t index);
  bool is_held(const DimRef& at, int64_t index);
  bool all_held(const DimRef& at);
  const std::string& reason(const DimRef& at, int64_t index);  // of a held one; may be ""

 private:
  int32_t root(int32_t slot);
  void unite(int32_t a, int32_t b);

  const Program* program_;
  std::vector<std::vector<int32_t>> first_;  // by value and dimension; -1 = no indices
  std::vector<int32_t> parent_;
  std::vector<int32_t> held_;  // by root: 0 = free, else 1 + place in reasons_
  std::vector<std::string> reasons_ = {""};
};

}  // namespace maas
