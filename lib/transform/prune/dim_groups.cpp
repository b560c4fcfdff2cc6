#include "transform/prune/dim_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "call/infer.h"
#include "transform/prune/dim_rule.h"

namespace maas {
namespace {

void hold_all(DimUnits& units, const Argument& argument, const std::string& reason) {
  const auto* ref = std::get_if<ValueRef>(&argument);
  if (ref == nullptr || ref->id == kNoValue) return;
  const Value& value = units.program().value(ref->id);
  if (value.kind != ValueKind::kTensor) return;
  for (size_t d = 0; d < value.shape.size(); ++d) {
    units.hold({ref->id, static_cast<int64_t>(d)}, reason);
  }
}

void hold_signature(DimUnits& units) {
  const Program& program = units.program();
  for (const GraphInput& input : program.inputs) {
    if (input.kind != GraphInput::Kind::kUser) continue;
    hold_all(units, ValueRef{input.value}, "it meets the input '" + input.target + "'");
  }
  size_t next = 0;
  for (const GraphOutput& output : program.outputs) {
    const bool is_user = output.kind == GraphOutput::Kind::kUser;
    const bool is_named = is_user && next < program.user_output_names.size();
    hold_all(units, output.value,
             is_named ? "it reaches the output '" + program.user_output_names[next] + "'"
                      : "it reaches an output");
    next += is_user ? 1 : 0;
  }
}

// A dimension that a node splits into several, one of which carries the units.
struct Split {
  int64_t carrier = 0, candidates = 0;
  DimRef dim;
  int64_t left() const { return candidates - carrier; }
};
using Splits = std::map<size_t, Split>;  // by node

DimUnits relate(const Program& program, const std::pair<SymbolValues, SymbolValues>& symbols,
                Splits& splits) {
  DimUnits units(program);
  hold_signature(units);
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    const Node& node = program.nodes[i];
    const auto known = splits.find(i);
    const NodeDims::Setting setting{symbols, known == splits.end() ? 0 : known->second.carrier};
    NodeDims dims(units, node, setting);
    const DimRule* rule = dim_rule_of(node.op);
    const bool related = rule != nullptr && rule->relate(dims);
    dims.finish(!related);
    if (dims.carriers_seen() > 1) {
      splits[i] = {setting.carrier, dims.carriers_seen(), dims.carrier_dim()};
    }
  }
  return units;
}

// Where the chosen part of a split turned out to be held, the next one is tried; first where most
// are left, as others may follow from it. False when there is nothing to try.
bool choose_others(DimUnits& units, Splits& splits) {
  int64_t most = 1;
  for (const auto& [node, split] : splits) {
    if (units.all_held(split.dim)) most = std::max(most, split.left());
  }
  if (most == 1) return false;
  for (auto& [node, split] : splits) {
    if (units.all_held(split.dim) && split.left() == most) ++split.carrier;
  }
  return true;
}

}  // namespace

DimUnits dim_units(const Program& program) {
  const auto symbols = sample_symbols(program);
  Splits splits;
  DimUnits units = relate(program, symbols, splits);
  while (choose_others(units, splits)) units = relate(program, symbols, splits);
  return units;
}

namespace {

// One unit's places: by dimension of a weight, the indices.
struct UnitPlaces {
  std::map<DimRef, std::vector<int64_t>> indices;
  std::string reason;  // of a held one
  bool held = false;
  std::vector<DimRef> signature() const {
    std::vector<DimRef> dims;
    for (const auto& [dim, list] : indices) dims.push_back(dim);
    return dims;
  }
};

std::string layer_of(const std::string& tensor) {
  const size_t dot = tensor.rfind('.');
  return dot == std::string::npos ? tensor : tensor.substr(0, dot);
}

// The layers that make the units come first in the name: dimension 0 of a matrix or kernel.
std::string name_of(const DimGroup& group, const Program& program) {
  std::vector<std::string> makers;
  for (const GroupMember& member : group.members) {
    const std::string layer = layer_of(member.tensor);
    const bool is_matrix = program.value(member.input).shape.size() > 1;
    const bool is_new = std::find(makers.begin(), makers.end(), layer) == makers.end();
    if (is_matrix && member.dim == 0 && is_new) makers.push_back(layer);
  }
  if (makers.empty()) return layer_of(group.members[0].tensor);
  return makers.size() == 1 ? makers[0] : fmt::format("{} (+{})", makers[0], makers.size() - 1);
}

struct Weights {
  std::vector<const GraphInput*> inputs;  // in the graph's order
  std::map<ValueId, int64_t> order;
};

Weights weights_of(const Program& program) {
  Weights weights;
  for (const GraphInput& input : program.inputs) {
    const bool has_tensor =
        input.kind != GraphInput::Kind::kUser && input.kind != GraphInput::Kind::kConstantScalar;
    if (!has_tensor) continue;
    weights.order[input.value] = static_cast<int64_t>(weights.inputs.size());
    weights.inputs.push_back(&input);
  }
  return weights;
}

// Units in the order in which the weights' indices first name them.
std::vector<UnitPlaces> unit_places(DimUnits& units, const Weights& weights) {
  std::map<int32_t, size_t> place;
  std::vector<UnitPlaces> found;
  for (const GraphInput* input : weights.inputs) {
    const auto rank = static_cast<int64_t>(units.program().value(input->value).shape.size());
    for (int64_t d = 0; d < rank; ++d) {
      const DimRef dim{input->value, d};
      for (int64_t i = 0; i < units.size(dim); ++i) {
        const auto [entry, is_new] = place.try_emplace(units.unit_of(dim, i), found.size());
        if (is_new) {
          found.push_back({{}, units.reason(dim, i), units.is_held(dim, i)});
        }
        found[entry->second].indices[dim].push_back(i);
      }
    }
  }
  return found;
}

DimGroup group_of(const std::vector<const UnitPlaces*>& units, const Program& program,
                  const Weights& weights) {
  DimGroup group;
  std::vector<DimRef> dims = units[0]->signature();
  std::sort(dims.begin(), dims.end(), [&](const DimRef& a, const DimRef& b) {
    return std::pair(weights.order.at(a.value), a.dim) <
           std::pair(weights.order.at(b.value), b.dim);
  });
  for (const DimRef& dim : dims) {
    const GraphInput& input = *weights.inputs[static_cast<size_t>(weights.order.at(dim.value))];
    GroupMember member{dim.value, input.target, dim.dim, {}};
    for (const UnitPlaces* unit : units) member.indices.push_back(unit->indices.at(dim));
    group.members.push_back(std::move(member));
  }
  group.units = static_cast<int64_t>(units.size());
  group.blocked_by = units[0]->held ? units[0]->reason : "";
  group.name = name_of(group, program);
  return group;
}

size_t widest(const DimGroup& group) {
  size_t most = 0;
  for (const GroupMember& member : group.members) most = std::max(most, member.indices[0].size());
  return most;
}

}  // namespace

std::vector<DimGroup> dim_groups(const Program& program) {
  DimUnits units = dim_units(program);
  const Weights weights = weights_of(program);
  const std::vector<UnitPlaces> places = unit_places(units, weights);
  using Key = std::pair<std::string, std::vector<DimRef>>;
  std::map<Key, size_t> known;
  std::vector<std::vector<const UnitPlaces*>> members;
  for (const UnitPlaces& unit : places) {
    if (unit.held && unit.reason.empty()) continue;  // positions within a window
    const auto [entry, is_new] = known.try_emplace({unit.reason, unit.signature()}, members.size());
    if (is_new) members.emplace_back();
    members[entry->second].push_back(&unit);
  }
  std::vector<DimGroup> groups;
  for (const auto& list : members) {
    DimGroup group = group_of(list, program, weights);
    if (group.units == 1 && group.blocked_by.empty()) {
      const size_t indices = widest(group);
      if (indices == 1) continue;  // of size 1
      group.blocked_by = fmt::format("its {} indices go together or not at all", indices);
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

}  // namespace maas
