// What `maas prune --dry-run` prints.
#pragma once

#include "output.h"
#include "transform/prune/prune.h"

namespace maas {

// The plan as a result, as text or JSON; 0.
int show_prune_plan(const PrunePlan& plan, const Output& output);

}  // namespace maas
