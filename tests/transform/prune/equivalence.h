// The reference that a shrunk network is held against: the whole one, with every weight of the
// units that went set to 0.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/index_fill.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "call/builder.h"
#include "support/evaluate_program.h"
#include "tensor/random.h"
#include "transform/prune/shrink.h"

namespace maas {

// Of every group that may shrink, every third unit goes, but never all.
inline KeptUnits most_of(const std::vector<DimGroup>& groups) {
  KeptUnits kept = all_units(groups);
  for (size_t g = 0; g < groups.size(); ++g) {
    if (!groups[g].blocked_by.empty()) continue;
    kept[g].clear();
    for (int64_t u = 0; u < groups[g].units; ++u) {
      if (u % 3 != 1) kept[g].push_back(u);
    }
  }
  return kept;
}

// Fresh norms hide mistakes: their gain is 1, their mean 0.
inline Program with_random_norms(Program program) {
  uint64_t seed = 77;
  for (auto* table : {&program.parameters, &program.buffers}) {
    for (auto& [name, tensor] : *table) {
      if (!tensor.is_floating_point()) continue;
      const at::Tensor noise = at::rand(tensor.sizes(), make_generator(++seed));
      if (tensor.dim() == 1) tensor = noise + 0.5;
    }
  }
  return program;
}

inline Program with_zeros(Program program, const std::vector<DimGroup>& groups,
                          const KeptUnits& kept) {
  for (size_t g = 0; g < groups.size(); ++g) {
    for (const GroupMember& member : groups[g].members) {
      std::vector<int64_t> places;
      for (int64_t u = 0; u < groups[g].units; ++u) {
        if (std::binary_search(kept[g].begin(), kept[g].end(), u)) continue;
        places.insert(places.end(), member.indices[u].begin(), member.indices[u].end());
      }
      for (auto* table : {&program.parameters, &program.buffers, &program.constants}) {
        const auto found = table->find(member.tensor);
        if (found == table->end() || places.empty()) continue;
        const at::Tensor index = at::tensor(places, at::kLong);
        found->second = at::index_fill(found->second, member.dim, index, 0.0);
      }
    }
  }
  return program;
}

inline const DimGroup* group_with(const std::vector<DimGroup>& groups, const std::string& tensor,
                                  int64_t dim) {
  for (const DimGroup& group : groups) {
    for (const GroupMember& member : group.members) {
      if (member.tensor == tensor && member.dim == dim) return &group;
    }
  }
  return nullptr;
}

inline std::vector<int64_t> sizes_of_tensor(const Program& program, const std::string& name) {
  const auto found = program.parameters.find(name);
  return found == program.parameters.end() ? std::vector<int64_t>() : found->second.sizes().vec();
}

// Shrinks `program` by most_of() and compares; returns the shrunk one.
inline Program expect_equivalent(const Program& whole, const std::vector<at::Tensor>& inputs) {
  const Program program = with_random_norms(whole);
  const std::vector<DimGroup> groups = dim_groups(program);
  const KeptUnits kept = most_of(groups);
  const Program shrunk = shrink(program, groups, kept, "test");
  const std::vector<at::Tensor> expected = evaluate(with_zeros(program, groups, kept), inputs);
  const std::vector<at::Tensor> given = evaluate(shrunk, inputs);
  EXPECT_LT(shrunk.parameter_count(), program.parameter_count());
  for (size_t i = 0; i < expected.size(); ++i) {
    const double largest = expected[i].abs().max().item().toDouble();
    EXPECT_GT(largest, 0) << "nothing is compared";
    EXPECT_LE((given.at(i) - expected[i]).abs().max().item().toDouble(), 1e-5 * largest);
  }
  return shrunk;
}

}  // namespace maas
