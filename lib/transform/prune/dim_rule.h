// What an operator does with the dimensions of its operands: the rules from which groups of
// dimensions are found, and what of a node follows when they shrink
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "program/dim_expression.h"
#include "transform/prune/dim_units.h"

namespace maas {

// One node, as a rule sees it: the rule ties the dimensions of operands and results. Dimensions
// that it does not mention are held: the operator computes across them. Negative dimensions count
// from the end. Valid for one node and one call.
class NodeDims {
 public:
  // Two assignments of the graph's symbols, to compare sizes that are expressions; which dimension
  // carries the units where one is split into several (0 = the outermost).
  struct Setting {
    std::pair<SymbolValues, SymbolValues> symbols;
    int64_t carrier = 0;
  };
  NodeDims(DimUnits& units, const Node& node, const Setting& setting);

  const Node& node() const { return node_; }
  ValueId operand(const std::string& name) const;  // kNoValue when absent
  ValueId result(size_t index = 0) const;          // kNoValue when not used
  std::vector<ValueId> results() const;            // every used one, lists spelt out
  std::vector<ValueId> operands() const;           // every tensor that it reads
  const std::vector<Dim>& shape(ValueId id) const { return units_.program().value(id).shape; }
  int64_t rank(ValueId id) const { return static_cast<int64_t>(shape(id).size()); }
  int64_t size(ValueId id, int64_t dim) const;  // 0 when it is not a plain number
  std::pair<std::vector<int64_t>, std::vector<int64_t>> sizes(ValueId id) const;

  // Index by index, of equal sizes; else holds both. kNoValue: nothing.
  void tie(ValueId a, int64_t a_dim, ValueId b, int64_t b_dim);
  // Index i of `a`, for i in [0, count), with index `of(i)` of `b`.
  void tie_mapped(const DimRef& a, const DimRef& b, int64_t count,
                  const std::function<std::pair<int64_t, int64_t>(int64_t)>& of);
  // All indices of each run of `length` go together.
  void tie_runs(ValueId id, int64_t dim, int64_t length);
  // As broadcasting goes: dimensions counted from the end, sizes of 1 stretched.
  void tie_broadcast(ValueId from, ValueId to, int64_t leave_last = 0);
  // Dimensions [0, count) of the two.
  void tie_leading(ValueId a, ValueId b, int64_t count);
  void tie_all(ValueId a, ValueId b);  // of equal ranks; else holds
  // Nothing to do with units: the window of a convolution. Held, and not told.
  void position(ValueId id, int64_t dim);
  // Whatever becomes of its dimensions, the node does not mind.
  void leave(ValueId id);
  bool all_held(ValueId id, int64_t dim) { return units_.all_held(at(id, dim)); }

  // Which of `count` dimensions carries the units of the one that is split; noted, so that another
  // may be tried.
  int64_t carrier(int64_t count);
  int64_t carriers_seen() const { return carriers_; }
  void note_carrier(ValueId id, int64_t dim) { carrier_dim_ = at(id, dim); }
  const DimRef& carrier_dim() const { return carrier_dim_; }

  // Holds what was not mentioned; `blocked` = everything.
  void finish(bool blocked);

 private:
  DimRef at(ValueId id, int64_t dim) const;
  bool& mentioned(const DimRef& at);

  DimUnits& units_;
  const Node& node_;
  const Setting& setting_;
  std::vector<std::pair<DimRef, bool>> dims_;  // of operands and results; whether mentioned
  int64_t carriers_ = 0;
  DimRef carrier_dim_;
};

// One node whose operands and results have shrunk: a rule sets the arguments that follow.
class NodeShrink {
 public:
  // Which indices of a dimension stay; empty function value never given.
  using Kept = std::function<const std::vector<bool>*(const DimRef&)>;  // nullptr = all stay
  NodeShrink(const Program& program, Node& node, const Kept& kept)
      : program_(program), node_(node), kept_(kept) {}

  Node& node() { return node_; }
  ValueId operand(const std::string& name) const;
  ValueId result(size_t index = 0) const;
  int64_t rank(ValueId id) const;
  int64_t size_before(ValueId id, int64_t dim) const;
  int64_t size_after(ValueId id, int64_t dim) const;
  // How many of the first `count` indices stay.
  int64_t kept_before(ValueId id, int64_t dim, int64_t count) const;
  bool has_shrunk(ValueId id, int64_t dim) const;
  // Plain numbers of a list that says the sizes of `id`, from its dimension `first` on.
  void set_sizes(const std::string& argument, ValueId id, int64_t first);

 private:
  DimRef at(ValueId id, int64_t dim) const;

  const Program& program_;
  Node& node_;
  const Kept& kept_;
};

struct DimRule {
  // Ties dimensions; false when the node's arguments are such that it has no rule: all are held.
  bool (*relate)(NodeDims&);
  // Sets arguments; nullptr = none hold sizes.
  void (*shrink)(NodeShrink&) = nullptr;
};

// nullptr for an operator without a rule. `op` without overload: "aten::linear". O(log n).
const DimRule* dim_rule_of(const std::string& op);

// The tables, a file each: {operators separated by spaces, rule}.
struct DimRuleRow {
  const char* operators;  // without "aten::"
  DimRule rule;
};
std::vector<DimRuleRow> layer_dim_rules();
std::vector<DimRuleRow> elementwise_dim_rules();
std::vector<DimRuleRow> shape_dim_rules();
std::vector<DimRuleRow> part_dim_rules();

}  // namespace maas
