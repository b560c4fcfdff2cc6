// Rewrites for speed on this machine. The result is for running, never for saving.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "program/operator_concern.h"
#include "program/program.h"
#include "run/target.h"

namespace maas {

// One rewrite. Takes a Program in eval mode (one for kTraining: in either) and returns one that
// computes the same within 1e-5 relative to the largest output (tests/run/lower_test.cpp compares
// each pass on real networks, random_graphs_test.cpp on numbers of all kinds); of a network in
// int8, within a step of each activation's grid.
struct LoweringPass {
  const char* name;     // as `--without-pass NAME` takes it
  const char* summary;  // one line
  Program (*run)(Program, const Target&);
  std::vector<std::string> operators = {};  // that it looks for; none = it looks at all alike
};

// In the order in which they run; none for kAsIs.
const std::vector<LoweringPass>& lowering_passes(PlanFor plan_for = PlanFor::kInference);

// Time of one pass in a lowering, for `maas bench -v`.
struct PassTiming {
  std::string name;
  double seconds = 0;
  int64_t nodes_before = 0, nodes_after = 0;
};

struct LowerOptions {
  PlanFor plan_for = PlanFor::kInference;
  Target target = {};
  std::set<std::string> disabled = {};  // names of passes to leave out
};

// All passes of the list but the disabled ones, on the program with sizes hinted for target.rows
// (program/example_sizes.h). The structure is checked after every pass: Error{kInternal} naming the
// pass that broke it. A disabled name that the list does not have throws Error{kUsage} with a
// suggestion.
Program lower(Program program, const LowerOptions& options = {},
              std::vector<PassTiming>* timings = nullptr);

// A column of `maas inspect --operators`: the passes for inference that look for an operator.
OperatorConcern lowering_concern();

}  // namespace maas
