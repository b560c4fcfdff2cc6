#include "transform/prune/dim_units.h"

#include <algorithm>
#include <numeric>

namespace maas {
namespace {

constexpr int64_t kMostIndices = int64_t{1} << 26;  // in all: 512 MB

// The largest dimension that gets indices, so that all of them together are not too many.
int64_t largest_with_indices(const Program& program) {
  for (int64_t largest = int64_t{1} << 20; largest > 1; largest /= 2) {
    int64_t count = 0;
    for (const Value& value : program.values) {
      for (const Dim& dim : value.shape) {
        if (!dim.is_symbolic() && dim.size <= largest) count += dim.size;
      }
    }
    if (count <= kMostIndices) return largest;
  }
  return 1;
}

}  // namespace

DimUnits::DimUnits(const Program& program) : program_(&program), first_(program.values.size()) {
  const int64_t largest = largest_with_indices(program);
  int32_t count = 0;
  for (size_t id = 0; id < program.values.size(); ++id) {
    const Value& value = program.values[id];
    if (value.kind != ValueKind::kTensor) continue;
    for (const Dim& dim : value.shape) {
      const bool indexed = !dim.is_symbolic() && dim.size > 0 && dim.size <= largest;
      first_[id].push_back(indexed ? count : -1);
      if (indexed) count += static_cast<int32_t>(dim.size);
    }
  }
  parent_.resize(static_cast<size_t>(count));
  std::iota(parent_.begin(), parent_.end(), 0);
  held_.resize(static_cast<size_t>(count));
}

bool DimUnits::has_indices(const DimRef& at) const {
  return at.value != kNoValue && first_[at.value].at(at.dim) >= 0;
}

int64_t DimUnits::size(const DimRef& at) const {
  return has_indices(at) ? program_->value(at.value).shape[at.dim].size : 0;
}

int32_t DimUnits::root(int32_t slot) {
  while (parent_[slot] != slot) {
    parent_[slot] = parent_[parent_[slot]];
    slot = parent_[slot];
  }
  return slot;
}

void DimUnits::unite(int32_t a, int32_t b) {
  a = root(a), b = root(b);
  if (a == b) return;
  if (b < a) std::swap(a, b);  // the earliest index stands for the unit: the same in every run
  parent_[b] = a;
  if (held_[a] <= 1 && held_[b] != 0) held_[a] = held_[b];  // a reason that is worth telling
}

void DimUnits::tie(const DimRef& a, int64_t i, const DimRef& b, int64_t j) {
  const bool has_a = has_indices(a), has_b = has_indices(b);
  if (has_a && has_b) {
    unite(first_[a.value][a.dim] + static_cast<int32_t>(i),
          first_[b.value][b.dim] + static_cast<int32_t>(j));
  } else if (has_a != has_b) {
    hold(has_a ? a : b, "it meets a size that is not fixed");
  }
}

void DimUnits::hold(const DimRef& at, const std::string& reason) {
  if (!has_indices(at)) return;
  auto found = std::find(reasons_.begin(), reasons_.end(), reason);
  if (found == reasons_.end()) found = reasons_.insert(reasons_.end(), reason);
  const auto mark = static_cast<int32_t>(found - reasons_.begin()) + 1;
  for (int64_t i = 0; i < size(at); ++i) {
    int32_t& held = held_[root(first_[at.value][at.dim] + static_cast<int32_t>(i))];
    if (held <= 1) held = mark;
  }
}

int32_t DimUnits::unit_of(const DimRef& at, int64_t index) {
  return root(first_[at.value].at(at.dim) + static_cast<int32_t>(index));
}

bool DimUnits::is_held(const DimRef& at, int64_t index) { return held_[unit_of(at, index)] != 0; }

bool DimUnits::all_held(const DimRef& at) {
  for (int64_t i = 0; i < size(at); ++i) {
    if (!is_held(at, i)) return false;
  }
  return true;
}

const std::string& DimUnits::reason(const DimRef& at, int64_t index) {
  return reasons_[static_cast<size_t>(std::max(held_[unit_of(at, index)] - 1, 0))];
}

}  // namespace maas
