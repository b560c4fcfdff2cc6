#include "transform/prune/dim_rule.h"

#include <algorithm>
#include <map>
#include <sstream>

#include "program/arguments.h"
#include "program/example_sizes.h"
#include "program/rewrite.h"

namespace maas {

NodeDims::NodeDims(DimUnits& units, const Node& node, const Setting& setting)
    : units_(units), node_(node), setting_(setting) {
  const auto add = [&](ValueId id) {
    if (units_.program().value(id).kind != ValueKind::kTensor) return;
    for (int64_t d = 0; d < rank(id); ++d) dims_.push_back({{id, d}, false});
  };
  for_each_use(node, add);
  for_each_result(node, add);
  std::sort(dims_.begin(), dims_.end());
  dims_.erase(std::unique(dims_.begin(), dims_.end()), dims_.end());
}

ValueId NodeDims::operand(const std::string& name) const { return operand_of(node_, name); }

ValueId NodeDims::result(size_t index) const {
  if (index >= node_.outputs.size() || node_.outputs[index].ids.empty()) return kNoValue;
  return node_.outputs[index].ids[0];
}

std::vector<ValueId> NodeDims::results() const {
  std::vector<ValueId> ids;
  for_each_result(node_, [&](ValueId id) { ids.push_back(id); });
  return ids;
}

std::vector<ValueId> NodeDims::operands() const {
  std::vector<ValueId> ids;
  for_each_use(node_, [&](ValueId id) {
    if (units_.program().value(id).kind == ValueKind::kTensor) ids.push_back(id);
  });
  return ids;
}

DimRef NodeDims::at(ValueId id, int64_t dim) const {
  return {id, dim < 0 && id != kNoValue ? dim + rank(id) : dim};
}

bool& NodeDims::mentioned(const DimRef& at) {
  static bool elsewhere = false;
  const auto found = std::lower_bound(dims_.begin(), dims_.end(), std::pair(at, false));
  return found != dims_.end() && found->first == at ? found->second : elsewhere;
}

int64_t NodeDims::size(ValueId id, int64_t dim) const { return units_.size(at(id, dim)); }

std::pair<std::vector<int64_t>, std::vector<int64_t>> NodeDims::sizes(ValueId id) const {
  const Value& value = units_.program().value(id);
  return {sizes_of(value, setting_.symbols.first), sizes_of(value, setting_.symbols.second)};
}

void NodeDims::tie(ValueId a, int64_t a_dim, ValueId b, int64_t b_dim) {
  if (a == kNoValue || b == kNoValue) return;
  const DimRef from = at(a, a_dim), to = at(b, b_dim);
  const bool plain = units_.has_indices(from) && units_.has_indices(to);
  if (plain && units_.size(from) != units_.size(to)) return;  // held as not mentioned
  mentioned(from) = mentioned(to) = true;
  if (!plain) return units_.tie(from, 0, to, 0);
  for (int64_t i = 0; i < units_.size(from); ++i) units_.tie(from, i, to, i);
}

void NodeDims::tie_mapped(const DimRef& a, const DimRef& b, int64_t count,
                          const std::function<std::pair<int64_t, int64_t>(int64_t)>& of) {
  if (a.value == kNoValue || b.value == kNoValue) return;
  const DimRef from = at(a.value, a.dim), to = at(b.value, b.dim);
  mentioned(from) = mentioned(to) = true;
  for (int64_t i = 0; i < count; ++i) {
    const auto [at_from, at_to] = of(i);
    units_.tie(from, at_from, to, at_to);
  }
}

void NodeDims::tie_runs(ValueId id, int64_t dim, int64_t length) {
  if (id == kNoValue || length < 1) return;
  const DimRef whole = at(id, dim);
  mentioned(whole) = true;
  for (int64_t i = 0; i < units_.size(whole); ++i) {
    units_.tie(whole, i, whole, i / length * length);
  }
}

void NodeDims::tie_broadcast(ValueId from, ValueId to, int64_t leave_last) {
  if (from == kNoValue || to == kNoValue) return;
  for (int64_t back = 1 + leave_last; back <= std::min(rank(from), rank(to)); ++back) {
    if (size(from, -back) == 1 && size(to, -back) != 1) {
      mentioned(at(from, -back)) = true;
    } else {
      tie(from, -back, to, -back);
    }
  }
}

void NodeDims::tie_leading(ValueId a, ValueId b, int64_t count) {
  for (int64_t d = 0; d < count; ++d) tie(a, d, b, d);
}

void NodeDims::tie_all(ValueId a, ValueId b) {
  if (a != kNoValue && b != kNoValue && rank(a) == rank(b)) tie_leading(a, b, rank(a));
}

void NodeDims::position(ValueId id, int64_t dim) {
  if (id == kNoValue) return;
  mentioned(at(id, dim)) = true;
  units_.hold(at(id, dim), "");
}

void NodeDims::leave(ValueId id) {
  for (int64_t d = 0; id != kNoValue && d < rank(id); ++d) mentioned({id, d}) = true;
}

int64_t NodeDims::carrier(int64_t count) {
  carriers_ = std::max(carriers_, count);
  return std::min(setting_.carrier, count - 1);
}

void NodeDims::finish(bool blocked) {
  const ValueId named = results().empty() ? kNoValue : results()[0];
  const std::string place =
      node_.op + (named == kNoValue ? "" : " (%" + units_.program().value(named).name + ")");
  for (const auto& [dim, was_mentioned] : dims_) {
    if (blocked) {
      units_.hold(dim, place + " has no rule");
    } else if (!was_mentioned) {
      units_.hold(dim, place + " computes across it");
    }
  }
}

ValueId NodeShrink::operand(const std::string& name) const { return operand_of(node_, name); }

ValueId NodeShrink::result(size_t index) const {
  if (index >= node_.outputs.size() || node_.outputs[index].ids.empty()) return kNoValue;
  return node_.outputs[index].ids[0];
}

int64_t NodeShrink::rank(ValueId id) const {
  return static_cast<int64_t>(program_.value(id).shape.size());
}

DimRef NodeShrink::at(ValueId id, int64_t dim) const {
  return {id, dim < 0 ? dim + rank(id) : dim};
}

int64_t NodeShrink::size_before(ValueId id, int64_t dim) const {
  return program_.value(id).shape.at(at(id, dim).dim).size;
}

int64_t NodeShrink::size_after(ValueId id, int64_t dim) const {
  return kept_before(id, dim, size_before(id, dim));
}

int64_t NodeShrink::kept_before(ValueId id, int64_t dim, int64_t count) const {
  const std::vector<bool>* kept = kept_(at(id, dim));
  return kept == nullptr ? count : std::count(kept->begin(), kept->begin() + count, true);
}

bool NodeShrink::has_shrunk(ValueId id, int64_t dim) const { return kept_(at(id, dim)) != nullptr; }

void NodeShrink::set_sizes(const std::string& argument, ValueId id, int64_t first) {
  const Argument* given = node_.find(argument);
  const auto* sizes = given == nullptr ? nullptr : std::get_if<IntList>(given);
  if (sizes == nullptr || id == kNoValue) return;
  IntList changed = *sizes;
  for (size_t i = 0; i < changed.items.size(); ++i) {
    const int64_t dim = first + static_cast<int64_t>(i);
    IntOrValue& item = changed.items[i];
    if (dim >= rank(id) || item.value != kNoValue || item.number < 0) continue;
    if (has_shrunk(id, dim)) item.number = size_after(id, dim);
  }
  node_.set(argument, changed);
}

const DimRule* dim_rule_of(const std::string& op) {
  static const std::map<std::string, DimRule> table = [] {
    std::map<std::string, DimRule> rules;
    for (const auto& rows :
         {layer_dim_rules(), elementwise_dim_rules(), shape_dim_rules(), part_dim_rules()}) {
      for (const DimRuleRow& row : rows) {
        std::istringstream words(row.operators);
        for (std::string word; words >> word;) rules["aten::" + word] = row.rule;
      }
    }
    return rules;
  }();
  const auto found = table.find(op);
  return found == table.end() ? nullptr : &found->second;
}

}  // namespace maas
