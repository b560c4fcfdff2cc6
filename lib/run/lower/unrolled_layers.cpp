#include "run/lower/unrolled_layers.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/lower/recurrent_operator.h"
#include "run/lower/recurrent_step.h"

namespace maas {
namespace {

// Steps in the order in which they run.
using Chain = std::vector<RecurrentStep>;

class Recomposer {
 public:
  explicit Recomposer(Program program) : program_(std::move(program)) {}

  Program run() {
    const std::vector<Chain> chains = find_chains();
    if (chains.empty()) return std::move(program_);
    weights_ = tensors_by_value(program_);
    made_by_ = producers(program_);
    for (const Chain& chain : chains) replace(chain);
    std::vector<Node> nodes;
    for (size_t i = 0; i <= program_.nodes.size(); ++i) {
      for (Node& node : before_[i]) nodes.push_back(std::move(node));
      if (i < program_.nodes.size()) nodes.push_back(std::move(program_.nodes[i]));
    }
    program_.nodes = std::move(nodes);
    return std::move(program_);
  }

 private:
  std::vector<Chain> find_chains() const {
    const StepFinder finder(program_);
    std::map<ValueId, RecurrentStep> after;  // by the state before
    std::set<ValueId> made, twice;
    for (const Node& node : program_.nodes) {
      const auto step = finder.step_at(node);
      if (!step) continue;
      made.insert(finder.core(step->hidden));
      if (!after.emplace(step->before, *step).second) twice.insert(step->before);
    }
    for (const ValueId state : twice) after.erase(state);
    std::vector<Chain> chains;
    for (const auto& [state, first] : after) {
      if (made.count(state) != 0) continue;
      Chain chain = {first};
      for (auto next = after.find(finder.core(first.hidden));
           next != after.end() && continues(finder, chain.back(), next->second);
           next = after.find(finder.core(chain.back().hidden))) {
        chain.push_back(next->second);
      }
      if (covers_all(chain)) chains.push_back(std::move(chain));
    }
    return chains;
  }

  static bool continues(const StepFinder& finder, const RecurrentStep& a, const RecurrentStep& b) {
    const bool carries = a.carry == kNoValue || finder.core(a.carry) == b.carry_before;
    return a.cell == b.cell && a.weight == b.weight && a.bias == b.bias && a.gates == b.gates &&
           a.gates_dim == b.gates_dim && carries;
  }

  bool covers_all(const Chain& chain) const {
    const std::vector<Dim>& shape = program_.value(chain[0].gates).shape;
    const Dim& steps = shape[static_cast<size_t>(chain[0].gates_dim)];
    const auto count = static_cast<int64_t>(chain.size());
    if (count < 2 || steps.is_symbolic() || steps.size != count) return false;
    const int64_t by = chain[1].time - chain[0].time;
    if (by != 1 && by != -1) return false;
    if (chain[0].time != (by == 1 ? 0 : count - 1)) return false;
    for (size_t i = 1; i < chain.size(); ++i) {
      if (chain[i].time - chain[i - 1].time != by) return false;
    }
    return true;
  }

  void replace(const Chain& chain) {
    const RecurrentStep &first = chain.front(), &last = chain.back();
    size_t place = 0;  // behind all that it reads
    for (const ValueId read : {first.gates, first.before, first.carry_before}) {
      if (read != kNoValue) place = std::max(place, static_cast<size_t>(made_by_[read] + 1));
    }
    std::vector<Node>& nodes = before_[place];
    RecurrentCall call{.cell = first.cell,
                       .gates = first.gates,
                       .weight_hh = weights_.at(first.weight),
                       .bias = first.bias,
                       .hidden = state(first.before, first, nodes),
                       .carry = state(first.carry_before, first, nodes),
                       .reverse = last.time < first.time};
    if (first.gates_dim == 1) call.gates = turned(first.gates, nodes);
    RecurrentNode made = recurrent_node(program_, call);
    nodes.push_back(made.node);
    std::map<int64_t, ValueId> by_time;
    for (const RecurrentStep& step : chain) by_time[step.time] = step.hidden;
    replace_joined(by_time, made.states, nodes);
    for (const auto& [time, hidden] : by_time) replace_state(made.states, hidden, time, nodes);
    if (last.carry != kNoValue) replace_as(last.carry, made.carry, nodes);
  }

  // The first state as [rows, width]; kNoValue for zeros.
  ValueId state(ValueId value, const RecurrentStep& step, std::vector<Node>& nodes) {
    if (value == kNoValue || StepFinder(program_).is_zero(value)) return kNoValue;
    const std::vector<Dim>& gates = program_.value(step.gates).shape;
    const size_t rows = step.gates_dim == 0 ? 1 : 0;
    return viewed(value, {gates[rows], program_.value(step.hidden).shape.back()}, nodes);
  }

  // The value with units dropped from its shape or put into it, as `shape` has them.
  ValueId viewed(ValueId value, const std::vector<Dim>& shape, std::vector<Node>& nodes) {
    while (program_.value(value).shape.size() > shape.size()) {
      const std::vector<Dim> from = program_.value(value).shape;
      size_t at = 0;
      while (at < shape.size() && from[at] == shape[at]) ++at;
      value = reshaped("aten::squeeze.dim", value, at, nodes);
    }
    while (program_.value(value).shape.size() < shape.size()) {
      const std::vector<Dim> from = program_.value(value).shape;
      size_t at = 0;
      while (at < from.size() && from[at] == shape[at]) ++at;
      value = reshaped("aten::unsqueeze", value, at, nodes);
    }
    return value;
  }

  ValueId reshaped(const std::string& op, ValueId value, size_t dim, std::vector<Node>& nodes) {
    Node node = make_node(op, {{"self", ValueRef{value}}, {"dim", static_cast<int64_t>(dim)}});
    const ValueId made = add_result(program_, node, "state", value);
    std::vector<Dim>& shape = program_.value(made).shape;
    const auto at = shape.begin() + static_cast<std::ptrdiff_t>(dim);
    if (op == "aten::unsqueeze") {
      shape.insert(at, Dim(1));
    } else {
      shape.erase(at);
    }
    nodes.push_back(std::move(node));
    return made;
  }

  ValueId turned(ValueId value, std::vector<Node>& nodes) {
    Node node = make_node("aten::transpose.int",
                          {{"self", ValueRef{value}}, {"dim0", int64_t{0}}, {"dim1", int64_t{1}}});
    const ValueId made = add_result(program_, node, "turned", value);
    std::vector<Dim>& shape = program_.value(made).shape;
    std::swap(shape[0], shape[1]);
    nodes.push_back(std::move(node));
    return made;
  }

  // aten::cat of [1, rows, width], or aten::stack of [rows, width], over all times in order.
  void replace_joined(const std::map<int64_t, ValueId>& by_time, ValueId states,
                      std::vector<Node>& nodes) {
    std::vector<ValueId> wanted;
    wanted.reserve(by_time.size());
    for (const auto& [time, hidden] : by_time) wanted.push_back(hidden);
    for (const Node& node : program_.nodes) {
      if (node.op != "aten::cat" && node.op != "aten::stack") continue;
      const Argument* parts = node.find("tensors");
      const auto* list = parts == nullptr ? nullptr : std::get_if<ValueList>(parts);
      if (list == nullptr || list->ids != wanted) continue;
      const size_t rank = program_.value(wanted[0]).shape.size();
      const int64_t dim = integer_of(node, "dim", 0);
      if (rank != (node.op == "aten::cat" ? 3U : 2U)) continue;
      if (dim == 0) replace_as(node.outputs[0].ids[0], states, nodes);
      if (dim == 1 && node.op == "aten::stack") {
        replace_as(node.outputs[0].ids[0], turned(states, nodes), nodes);
      }
    }
  }

  void replace_state(ValueId states, ValueId hidden, int64_t time, std::vector<Node>& nodes) {
    Node node = make_node("aten::select.int",
                          {{"self", ValueRef{states}}, {"dim", int64_t{0}}, {"index", time}});
    const ValueId made = add_result(program_, node, "state", states);
    std::vector<Dim>& shape = program_.value(made).shape;
    shape.erase(shape.begin());
    nodes.push_back(std::move(node));
    replace_as(hidden, made, nodes);
  }

  void replace_as(ValueId from, ValueId to, std::vector<Node>& nodes) {
    const ValueId by = viewed(to, program_.value(from).shape, nodes);
    replace_value(program_, from, by);
  }

  Program program_;
  std::map<ValueId, at::Tensor> weights_;
  std::vector<int64_t> made_by_;
  std::map<size_t, std::vector<Node>> before_;  // new nodes, by the node in front of which they go
};

}  // namespace

Program recompose_unrolled(Program program) { return Recomposer(std::move(program)).run(); }

}  // namespace maas
