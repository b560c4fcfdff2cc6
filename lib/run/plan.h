// A Program made ready to run on this machine: operators resolved, values in slots, each slot
// freed after its last use.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

struct PlanOptions {
  bool lower = false;     // rewrite for speed (run/lower.h); inference only
  bool training = false;  // only what stays right when weights change: views of them made once,
                          // constant scaling of the input in one go
  std::set<std::string> disabled_passes = {};  // names of lowering passes to leave out
  int64_t rows = 1;  // that a run usually has; lowering packs weights for them
};

// Immutable after compile(); `run` may be called from many threads at once, each run keeps its
// values on its own stack frame. Parameters and buffers are the Program's own tensors: an in-place
// change of them (a training step) is seen by the next run.
class Plan {
 public:
  // Lowering packs weights for options.rows and for the number of threads that
  // at::get_num_threads() gives now. Runs with others are right, but where oneDNN wants another
  // form for them it packs again in every call. Throws Error{kInput} naming the node for an
  // operator that is not on the allow-list.
  static std::shared_ptr<const Plan> compile(const Program& program,
                                             const PlanOptions& options = {});
  virtual ~Plan() = default;

  // Inputs in the order of program.user_inputs(); shapes and dtypes are checked against the
  // signature (Error{kInput} naming the input, what came, what was expected). Returns the user
  // outputs. Gradients are recorded if the calling thread has them enabled.
  virtual std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const = 0;

  // The same without the checks, for callers whose inputs conform by construction.
  virtual std::vector<at::Tensor> run_unchecked(const std::vector<at::Tensor>& inputs) const = 0;

  virtual const Program& program() const = 0;  // the one that runs: lowered, if asked
};

}  // namespace maas
