#include "transform/prune/prune.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "base/throw_error.h"
#include "program/quantized_form.h"
#include "program/rewrite.h"
#include "transform/prune/importance.h"
#include "transform/prune/shrink.h"

namespace maas {
namespace {

std::string percent(int64_t part, int64_t whole) {
  return fmt::format(
      "{:.0f} %", whole == 0 ? 0.0 : 100 * static_cast<double>(part) / static_cast<double>(whole));
}

// The operator that reads each weight first.
std::map<ValueId, std::string> readers_of(const Program& program) {
  std::map<ValueId, std::string> readers;
  for (const Node& node : program.nodes) {
    for_each_use(node, [&](ValueId id) { readers.emplace(id, node.op); });
  }
  return readers;
}

std::map<std::string, std::string> reasons_of(const std::vector<DimGroup>& groups) {
  std::map<std::string, std::string> reasons;
  for (const DimGroup& group : groups) {
    if (group.blocked_by.empty()) continue;
    for (const GroupMember& member : group.members) {
      reasons.emplace(member.tensor,
                      fmt::format("dimension {} stays: {}", member.dim, group.blocked_by));
    }
  }
  return reasons;
}

std::vector<LayerChange> layer_changes(const Program& before, const Program& after,
                                       const std::vector<DimGroup>& groups) {
  const auto readers = readers_of(before);
  const auto reasons = reasons_of(groups);
  std::vector<LayerChange> rows;
  for (const GraphInput& input : before.inputs) {
    if (input.kind != GraphInput::Kind::kParameter) continue;
    const at::Tensor& tensor = before.parameters.at(input.target);
    const auto changed = after.parameters.find(input.target);
    if (tensor.dim() < 2 || changed == after.parameters.end()) continue;
    const auto reader = readers.find(input.value);
    LayerChange row{.name = input.target,
                    .op = reader == readers.end() ? "" : reader->second,
                    .before = type_text(tensor),
                    .after = type_text(changed->second)};
    row.figures["left"] =
        static_cast<double>(changed->second.numel()) / static_cast<double>(tensor.numel());
    const auto reason = reasons.find(input.target);
    if (reason != reasons.end()) row.note = reason->second;
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

PrunePlan plan_prune(const Program& program, const PruneConfig& config, uint64_t seed,
                     const std::string& where) {
  if (is_quantized(program)) {
    throw_input(where, "a quantized network: its weights are int8", "float weights",
                "prune its parent, then quantize the result");
  }
  refuse_not_finite(program, where);
  PrunePlan plan{.groups = dim_groups(program), .choice = {}};
  const Scores scores = importance(program, plan.groups, criterion_of(config.criterion), seed);
  plan.choice = choose_units(program, plan.groups, scores, config, where);
  return plan;
}

Rewritten pruned(const Program& program, const PrunePlan& plan, const std::string& where) {
  Rewritten result{
      .program = shrink(program, plan.groups, plan.choice.kept, where), .change = {}, .layers = {}};
  const NetworkSize &before = plan.choice.before, &after = plan.choice.after;
  result.change = fmt::format("{} of the multiply-adds, {} of the parameters",
                              percent(after.multiply_adds, before.multiply_adds),
                              percent(after.parameters, before.parameters));
  result.layers = layer_changes(program, result.program, plan.groups);
  return result;
}

std::vector<std::string> plan_lines(const PrunePlan& plan) {
  std::vector<std::string> lines;
  for (size_t g = 0; g < plan.groups.size(); ++g) {
    const DimGroup& group = plan.groups[g];
    if (group.blocked_by.empty()) {
      lines.push_back(fmt::format("{}: {} of {} units stay", group.name, plan.choice.kept[g].size(),
                                  group.units));
    } else {
      lines.push_back(fmt::format("{}: dimension {} of {} stays: {}", group.name,
                                  group.members[0].dim, group.members[0].tensor, group.blocked_by));
    }
  }
  return lines;
}

Experiment finetuning(Experiment experiment, const FinetuneConfig& config) {
  experiment.train.epochs = config.epochs;
  experiment.train.steps.reset();
  experiment.train.schedule.warmup = {};
  if (config.learning_rate) experiment.train.learning_rate = *config.learning_rate;
  return experiment;
}

}  // namespace maas
