// Structured pruning of a model: what would go, and the network without it
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "train/experiment.h"
#include "transform/prune/choose_units.h"
#include "transform/prune/prune_config.h"
#include "transform/transform.h"

namespace maas {

struct PrunePlan {
  std::vector<DimGroup> groups;
  UnitChoice choice;  // by group
};

// Same seed, same plan. `where` names the model's file. Throws Error{kInput} for weights that are
// not finite or a network in the stored int8 form (program/quantized_form.h), and what
// choose_units() throws.
PrunePlan plan_prune(const Program& program, const PruneConfig& config, uint64_t seed,
                     const std::string& where);

// The network without the units that go, not trained since; layers with their shapes before and
// after, in the graph's order, and why one may not shrink.
Rewritten pruned(const Program& program, const PrunePlan& plan, const std::string& where);

// A line a group: "conv1: 32 -> 14 units", and those that may not shrink with the reason.
std::vector<std::string> plan_lines(const PrunePlan& plan);

// The experiment's training section as fine-tuning takes it: prune.finetune's epochs and rate, no
// warm-up.
Experiment finetuning(Experiment experiment, const FinetuneConfig& config);

}  // namespace maas
