// The JSON of an exported program -> the graph of a Program: a part of read.h
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "program/program.h"
#include "pt2/gradient_regions.h"
#include "pt2/values.h"
#include "tensor/json_view.h"

namespace maas {

// Reads one exported program. A subgraph of a higher-order operator is read in a scope of its own
// whose inputs are the caller's values, so inlining costs nothing. Throws Error{kInput} as
// read_pt2() does; in-place operators and marks of autocast are left as they are.
class GraphReader {
 public:
  // `where` names the file and its record in messages.
  GraphReader(std::string where, Program& program) : where_(std::move(where)), program_(program) {}
  void read(const JsonView& exported);

 private:
  using Scope = std::map<std::string, ValueId, std::less<>>;

  ValueId add_value(Value value);
  // Makes the value `name`, described in the graph's tables.
  ValueId define(const Pt2Values& values, const std::string& name, Scope& scope);
  ValueId use(const std::string& name, const Scope& scope) const;
  std::string place() const { return node_.empty() ? where_ : where_ + ": " + node_; }

  void read_sizes(const JsonView& exported);
  void read_inputs(const Pt2Values& values, const JsonView& signature, Scope& scope);
  void read_outputs(const JsonView& graph, const JsonView& signature, const Scope& scope);
  void read_nodes(const JsonView& graph, Scope& scope, int depth);
  void read_node(const Pt2Values& values, const JsonView& json, const std::string& target,
                 Scope& scope);
  Node::Output read_result(const Pt2Values& values, const JsonView& json, Scope& scope);

  // subgraphs.cpp
  struct Call {                      // of a higher-order operator
    std::vector<Argument> settings;  // before its graphs
    std::vector<JsonView> graphs;
    std::vector<ValueId> operands;  // behind them
  };
  Call read_call(const JsonView& json, const Scope& scope) const;
  std::vector<ValueId> inline_graph(const JsonView& body, const std::vector<ValueId>& operands,
                                    int depth);
  std::vector<std::string> result_names(const JsonView& json, size_t count) const;
  void inline_wrapper(const JsonView& json, Scope& scope, int depth);
  void read_effect(const JsonView& json, const Scope& scope);
  void inline_cond(const Pt2Values& values, const JsonView& json, Scope& scope, int depth);
  ValueId condition_of(const Argument& predicate);

  ValueList read_tensor_list(const JsonView& list, const Scope& scope) const;
  IntList read_sym_ints(const JsonView& list, const Scope& scope) const;
  Argument read_symbolic(const JsonView& value, const Scope& scope) const;
  Argument read_argument(const JsonView& json, const Scope& scope) const;

  std::string where_;
  std::string node_;
  bool autocast_ = false;
  bool decomposed_ = false;
  GradientRegions gradients_;
  Program& program_;
  std::set<std::string> names_;
};

}  // namespace maas
