#include "transform/prune/shrink.h"

#include <ATen/core/Tensor.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "base/error.h"
#include "call/declare_shapes.h"
#include "call/verify.h"
#include "transform/prune/dim_rule.h"

namespace maas {
namespace {

using KeptIndices = UnitsInValues::KeptIndices;

Program with_kept_sizes(Program program, const KeptIndices& indices) {
  for (const auto& [dim, stays] : indices) {
    Value& value = program.value(dim.value);
    value.shape[dim.dim] = Dim(std::count(stays.begin(), stays.end(), true));
    value.strides.clear();
  }
  return program;
}

at::Tensor& tensor_behind(Program& program, const GraphInput& input) {
  auto& table = input.kind == GraphInput::Kind::kParameter ? program.parameters
                : input.kind == GraphInput::Kind::kBuffer  ? program.buffers
                                                           : program.constants;
  return table.at(input.target);
}

void cut_weights(Program& program, const KeptIndices& indices) {
  const at::NoGradGuard no_grad;
  for (const GraphInput& input : program.inputs) {
    if (input.kind == GraphInput::Kind::kUser || input.value == kNoValue) continue;
    for (auto at = indices.lower_bound({input.value, 0});
         at != indices.end() && at->first.value == input.value; ++at) {
      std::vector<int64_t> places;
      for (size_t i = 0; i < at->second.size(); ++i) {
        if (at->second[i]) places.push_back(static_cast<int64_t>(i));
      }
      at::Tensor& tensor = tensor_behind(program, input);
      tensor = at::index_select(tensor, at->first.dim, at::tensor(places, at::kLong));
    }
  }
}

}  // namespace

KeptUnits all_units(const std::vector<DimGroup>& groups) {
  KeptUnits kept;
  for (const DimGroup& group : groups) {
    kept.emplace_back(static_cast<size_t>(group.units));
    std::iota(kept.back().begin(), kept.back().end(), 0);
  }
  return kept;
}

UnitsInValues::UnitsInValues(const Program& program, const std::vector<DimGroup>& groups)
    : program_(&program), groups_(&groups) {
  DimUnits units = dim_units(program);
  std::unordered_map<int32_t, int64_t> numbers;
  int64_t count = 0;
  for (const DimGroup& group : groups) {
    first_.push_back(count);
    if (!group.blocked_by.empty()) continue;
    const GroupMember& member = group.members.at(0);
    for (int64_t u = 0; u < group.units; ++u) {
      numbers[units.unit_of({member.input, member.dim}, member.indices[u].at(0))] = count++;
    }
  }
  for (size_t id = 0; id < program.values.size(); ++id) {
    for (size_t d = 0; d < program.values[id].shape.size(); ++d) {
      const DimRef dim{static_cast<ValueId>(id), static_cast<int64_t>(d)};
      std::vector<int64_t> list(static_cast<size_t>(units.size(dim)), -1);
      bool any = false;
      for (size_t i = 0; i < list.size(); ++i) {
        const auto found = numbers.find(units.unit_of(dim, static_cast<int64_t>(i)));
        if (found == numbers.end()) continue;
        list[i] = found->second;
        any = true;
      }
      if (any) units_[dim] = std::move(list);
    }
  }
}

KeptIndices UnitsInValues::indices(const KeptUnits& kept) const {
  MAAS_CHECK(kept.size() == groups_->size());
  std::vector<bool> stays;
  for (size_t g = 0; g < kept.size(); ++g) {
    const DimGroup& group = (*groups_)[g];
    if (!group.blocked_by.empty()) continue;
    MAAS_CHECK(!kept[g].empty());
    stays.resize(static_cast<size_t>(first_[g] + group.units), false);
    for (const int64_t unit : kept[g]) stays.at(static_cast<size_t>(first_[g] + unit)) = true;
  }
  KeptIndices indices;
  for (const auto& [dim, units] : units_) {
    std::vector<bool> of_dim(units.size());
    for (size_t i = 0; i < units.size(); ++i) of_dim[i] = units[i] < 0 || stays[units[i]];
    if (std::count(of_dim.begin(), of_dim.end(), false) > 0) indices[dim] = std::move(of_dim);
  }
  return indices;
}

Program UnitsInValues::with_sizes(const KeptUnits& kept) const {
  return with_kept_sizes(*program_, indices(kept));
}

Program shrink(Program program, const std::vector<DimGroup>& groups, const KeptUnits& kept,
               const std::string& where) {
  const KeptIndices indices = UnitsInValues(program, groups).indices(kept);
  if (indices.empty()) return program;
  const NodeShrink::Kept stays = [&](const DimRef& dim) -> const std::vector<bool>* {
    const auto found = indices.find(dim);
    return found == indices.end() ? nullptr : &found->second;
  };
  for (Node& node : program.nodes) {
    const DimRule* rule = dim_rule_of(node.op);
    if (rule == nullptr || rule->shrink == nullptr) continue;
    NodeShrink shrinking(program, node, stays);
    rule->shrink(shrinking);
  }
  cut_weights(program, indices);
  program = with_shapes(with_kept_sizes(std::move(program), indices), where);
  verify(program, where);
  return program;
}

}  // namespace maas
