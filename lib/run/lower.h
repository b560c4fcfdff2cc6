// Rewrites for speed on this machine. The result is for running, never for saving.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// One rewrite. Takes a Program in eval mode and returns one that computes the same within 1e-5
// relative to the largest output (tests/run/lower_test.cpp compares each pass on real networks).
struct LoweringPass {
  const char* name;     // as `--without-pass NAME` takes it
  const char* summary;  // one line
  Program (*run)(Program);
};

// In the order in which they run.
const std::vector<LoweringPass>& lowering_passes();

// Time of one pass in a lowering, for `maas bench -v`.
struct PassTiming {
  std::string name;
  double seconds = 0;
  int64_t nodes_before = 0, nodes_after = 0;
};

// All passes but the disabled ones. Unknown names throw Error{kUsage} with a suggestion.
Program lower(Program program, const std::set<std::string>& disabled = {},
              std::vector<PassTiming>* timings = nullptr);

}  // namespace maas
