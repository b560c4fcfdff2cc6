// Higher-order operators: wrappers are inlined; of a cond both branches are, and `where` chooses.
// That is right as graphs are pure, and costs the time of both.
#include <ATen/core/dispatch/Dispatcher.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"
#include "program/operators.h"
#include "pt2/graph_reader.h"
#include "pt2/plain_argument.h"
#include "pt2/refuse_operator.h"

namespace maas {

GraphReader::Call GraphReader::read_call(const JsonView& json, const Scope& scope) const {
  Call call;
  for (const JsonView& input : json.at("inputs").items()) {
    const auto [kind, arg] = input.at("arg").only_member();
    if (kind == "as_graph") {
      call.graphs.push_back(arg.at("graph"));
      continue;
    }
    if (call.graphs.empty()) {
      call.settings.push_back(read_argument(input.at("arg"), scope));
      continue;
    }
    if (kind == "as_string") continue;  // the name of an invoke_subgraph
    const Argument operand = read_argument(input.at("arg"), scope);
    const auto* list = std::get_if<ValueList>(&operand);
    const auto* ref = std::get_if<ValueRef>(&operand);
    if (list == nullptr && ref == nullptr) {
      throw_input(place(), "an operand that is no value of the graph", "tensors");
    }
    if (ref != nullptr) call.operands.push_back(ref->id);
    if (list != nullptr) {
      if (std::count(list->ids.begin(), list->ids.end(), kNoValue) > 0) {
        throw_input(place(), "an operand that is None", "tensors");
      }
      call.operands.insert(call.operands.end(), list->ids.begin(), list->ids.end());
    }
  }
  return call;
}

// The graph's results, its inputs being these values of ours.
std::vector<ValueId> GraphReader::inline_graph(const JsonView& body,
                                               const std::vector<ValueId>& operands, int depth) {
  const std::vector<JsonView> inputs = body.at("inputs").items();
  if (inputs.size() != operands.size()) {
    throw_input(place(), fmt::format("{} arguments", operands.size()),
                fmt::format("{}", inputs.size()));
  }
  Scope inner;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const auto [kind, value] = inputs[i].only_member();
    const bool symbolic = kind == "as_sym_int";
    inner.emplace((symbolic ? value.at("as_name") : value.at("name")).text(),
                  gradients_.as_read_here(program_, operands[i]));
  }
  const std::string outer = node_;
  read_nodes(body, inner, depth + 1);
  node_ = outer;
  std::vector<ValueId> results;
  for (const JsonView& result : body.at("outputs").items()) {
    const auto [kind, value] = result.only_member();
    if (kind != "as_tensor") throw_input(place(), "an inner result that is no tensor", "tensors");
    results.push_back(use(value.at("name").text(), inner));
  }
  return results;
}

std::vector<std::string> GraphReader::result_names(const JsonView& json, size_t count) const {
  std::vector<std::string> names;
  for (const JsonView& output : json.at("outputs").items()) {
    const auto [kind, value] = output.only_member();
    if (kind == "as_tensor") names.push_back(value.at("name").text());
    if (kind == "as_tensors") {
      for (const JsonView& item : value.items()) names.push_back(item.at("name").text());
    }
  }
  if (names.size() != count) {
    throw_input(place(), fmt::format("{} results", names.size()), fmt::format("{}", count));
  }
  return names;
}

// wrap_with_set_grad_enabled(flag, graph, args...): what is made in a region without gradients is
// detached where a region with gradients reads it, within or after it. wrap_with_autocast(device,
// dtype, enabled, cache, graph, args...).
void GraphReader::inline_wrapper(const JsonView& json, Scope& scope, int depth) {
  const std::string target = json.at("target").text();
  const Call call = read_call(json, scope);
  if (call.graphs.size() != 1) throw_input(place(), "no graph inside", "a wrapped graph");
  const auto flag = [&](size_t index) {
    const bool* given =
        index < call.settings.size() ? std::get_if<bool>(&call.settings[index]) : nullptr;
    if (given == nullptr) throw_input(place(), "no flag that enables it", "true or false");
    return *given;
  };
  const bool outer_autocast = autocast_;
  if (target.find("autocast") != std::string::npos) autocast_ = flag(2);
  if (target.find("set_grad_enabled") != std::string::npos) flag(0);
  const bool outer_gradients = gradients_.enter(json);
  const std::vector<ValueId> results = inline_graph(call.graphs[0], call.operands, depth);
  gradients_.leave(outer_gradients);
  autocast_ = outer_autocast;
  const std::vector<std::string> names = result_names(json, results.size());
  for (size_t i = 0; i < names.size(); ++i) {
    scope[names[i]] = gradients_.as_read_here(program_, results[i]);
  }
}

// with_effects(token, operator, arguments...): a check that must not be moved past another. Nodes
// run in their order here, so that the token is nothing.
void GraphReader::read_effect(const JsonView& json, const Scope& scope) {
  const std::vector<JsonView> inputs = json.at("inputs").items();
  if (inputs.size() < 2) throw_input(place(), "no operator", "a token and an operator");
  Node node;
  split_target(inputs[1].at("arg").at("as_operator").text(), node);
  const auto found = c10::Dispatcher::singleton().findSchema({node.op, node.overload});
  if (!is_allowed_operator(node.op) || !found || !found->schema().returns().empty()) {
    refuse_operator(place(), node, decomposed_);
  }
  const auto& parameters = found->schema().arguments();
  for (size_t i = 2; i < inputs.size(); ++i) {
    const std::string given = inputs[i].at("name").text();
    if (given.empty() && i - 2 >= parameters.size()) {
      throw_input(place(), fmt::format("{} arguments", inputs.size() - 2),
                  fmt::format("{}", parameters.size()));
    }
    node.arguments.push_back({given.empty() ? parameters[i - 2].name() : given,
                              read_argument(inputs[i].at("arg"), scope), !given.empty()});
  }
  program_.nodes.push_back(std::move(node));
}

// cond(predicate, graph, graph, operands).
void GraphReader::inline_cond(const Pt2Values& values, const JsonView& json, Scope& scope,
                              int depth) {
  const Call call = read_call(json, scope);
  if (call.graphs.size() != 2 || call.settings.size() != 1) {
    throw_input(place(), fmt::format("{} graphs", call.graphs.size()),
                "a predicate and two graphs");
  }
  const ValueId condition = condition_of(call.settings[0]);
  const std::vector<ValueId> on_true = inline_graph(call.graphs[0], call.operands, depth);
  const std::vector<ValueId> on_false = inline_graph(call.graphs[1], call.operands, depth);
  if (on_true.size() != on_false.size()) {
    throw_input(place(), fmt::format("{} and {} results", on_true.size(), on_false.size()),
                "branches with the same results");
  }
  const std::vector<std::string> names = result_names(json, on_true.size());
  for (size_t i = 0; i < names.size(); ++i) {
    Node choice;
    choice.op = "aten::where";
    choice.overload = "self";
    choice.arguments = {{"condition", ValueRef{condition}, false},
                        {"self", ValueRef{on_true[i]}, false},
                        {"other", ValueRef{on_false[i]}, false}};
    choice.outputs = {{{define(values, names[i], scope)}, false}};
    program_.nodes.push_back(std::move(choice));
  }
}

// A bool tensor without dimensions.
ValueId GraphReader::condition_of(const Argument& predicate) {
  const auto* ref = std::get_if<ValueRef>(&predicate);
  if (ref != nullptr && program_.value(ref->id).kind == ValueKind::kTensor) return ref->id;
  const bool is_number = ref != nullptr || std::holds_alternative<bool>(predicate);
  if (!is_number) throw_input(place(), "a predicate that is no truth value", "a bool tensor");
  Value value;
  value.name = "condition";
  value.dtype = at::kBool;
  Node node;
  node.op = "aten::scalar_tensor";
  node.arguments = {{"s", predicate, false}, {"dtype", at::kBool, true}};
  node.outputs = {{{add_value(std::move(value))}, false}};
  program_.nodes.push_back(node);
  return node.outputs[0].ids[0];
}

}  // namespace maas
