#include "train/trained_parameters.h"

#include <algorithm>
#include <set>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "base/name_pattern.h"
#include "base/throw_error.h"
#include "program/last_layer.h"
#include "program/operator_facts.h"
#include "program/rewrite.h"

namespace maas {
namespace {

constexpr const char* kBackbone = "backbone";

// Values through which the loss depends on what comes before them with a gradient.
std::vector<bool> values_with_gradient(const Program& loss) {
  std::vector<bool> reached(loss.values.size(), false);
  const auto outputs = loss.user_outputs();
  if (outputs.empty()) return reached;
  if (const auto* ref = std::get_if<ValueRef>(&outputs[0]->value)) reached[ref->id] = true;
  for (size_t i = loss.nodes.size(); i-- > 0;) {
    const Node& node = loss.nodes[i];
    bool flows = false;
    for_each_result(node, [&](ValueId id) {
      flows = flows || (reached[id] && at::isFloatingType(loss.value(id).dtype));
    });
    if (!flows || is_constant(node.op)) continue;
    for_each_use(node, [&](ValueId id) { reached[id] = true; });
  }
  return reached;
}

bool is_frozen(const std::string& name, const std::vector<std::string>& freeze) {
  return std::any_of(freeze.begin(), freeze.end(),
                     [&](const std::string& pattern) { return matches_pattern(name, pattern); });
}

}  // namespace

std::vector<std::string> trained_parameters(const Program& loss,
                                            const std::vector<std::string>& freeze) {
  const std::vector<bool> reached = values_with_gradient(loss);
  std::set<std::string> names;
  for (const GraphInput& input : loss.inputs) {
    if (input.kind != GraphInput::Kind::kParameter) continue;
    const Value& value = loss.value(input.value);
    if (!at::isFloatingType(value.dtype) || !value.requires_grad || !reached[input.value]) continue;
    if (!is_frozen(input.target, freeze)) names.insert(input.target);
  }
  if (names.empty()) {
    throw_usage("train", "no parameter is left to be trained",
                "one that requires a gradient, from which the loss depends, and that train.freeze "
                "does not name",
                "shorten train.freeze, or export the network with requires_grad=True");
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> freeze_patterns(const Program& network,
                                         const std::vector<std::string>& freeze) {
  std::vector<std::string> patterns;
  for (const std::string& pattern : freeze) {
    if (pattern != kBackbone) {
      patterns.push_back(pattern);
      continue;
    }
    const LastLayer last = find_last_layer(network, "train.freeze: backbone: the network");
    for (const auto& [name, tensor] : network.parameters) {
      if (name != last.weight && name != last.bias) patterns.push_back(name);
    }
  }
  return patterns;
}

void check_freeze(const Program& program, const std::vector<std::string>& freeze) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : program.parameters) names.push_back(name);
  std::vector<Problem> problems;
  for (const std::string& pattern : freeze) {
    if (pattern == kBackbone) {
      freeze_patterns(program, {pattern});
      continue;
    }
    const bool found = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
      return matches_pattern(name, pattern);
    });
    if (found) continue;
    problems.push_back(
        {.where = "train.freeze",
         .what = "no parameter is named '" + pattern + "'" + did_you_mean(pattern, names),
         .expected = "backbone, or names of parameters, such as \"fc1.*\" or \"fc1.weight\"",
         .fix = "take a name that `maas inspect` shows, with .* for a layer"});
  }
  if (!problems.empty()) throw Error(ErrorKind::kUsage, std::move(problems));
}

}  // namespace maas
