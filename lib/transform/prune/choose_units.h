// Which units go: the least important, as many as the target asks
#pragma once

#include <string>
#include <vector>

#include "program/program.h"
#include "transform/prune/importance.h"
#include "transform/prune/multiply_adds.h"
#include "transform/prune/prune_config.h"
#include "transform/prune/shrink.h"

namespace maas {

struct UnitChoice {
  KeptUnits kept;  // by group
  NetworkSize before, after;
};

// Global scope: one threshold over the scores of all groups that may shrink; local: the same share
// of each. The smallest cut that meets the target, found by bisection; a ratio says the cut itself.
// Of every group stay prune.keep_at_least of its units, at least one, and no less than rounds up to
// prune.round_to channels (0: 8 for layers of 64 or more and a multiple of 16, else 1). Ties go by
// the order of the graph. Throws Error{kUsage} for a target that cannot be met (saying what can), a
// ratio that empties a layer (naming it), a pattern of prune.ignore that no layer has, and for a
// network of which nothing may shrink (saying why); `where` names its file.
UnitChoice choose_units(const Program& program, const std::vector<DimGroup>& groups,
                        const Scores& scores, const PruneConfig& config, const std::string& where);

}  // namespace maas
