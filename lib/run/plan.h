// A Program made ready to run on this machine: operators resolved, values in slots, each slot
// freed after its last use.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "program/program.h"
#include "run/target.h"

namespace maas {

struct PlanOptions {
  PlanFor plan_for = PlanFor::kAsIs;
  std::set<std::string> disabled_passes = {};  // names of lowering passes to leave out
  int64_t rows = 1;                            // that a run usually has (run/target.h)
  KernelTimes* kernels = nullptr;              // nullptr = the process's own (run/kernel_times.h)
  Precision precision = Precision::kFp32;      // of kInference
  double race_seconds = 0.25;                  // of timing kernels, in each pass that does
};

// Immutable after compile(); `run` may be called from many threads at once, each run keeps its
// values on its own stack frame. Parameters and buffers are the Program's own tensors: an in-place
// change of them (a training step) is seen by the next run.
class Plan {
 public:
  // Lowering (run/lower.h) packs weights for options.rows and for the number of threads that
  // at::get_num_threads() gives now. Runs with others are right, but where oneDNN wants another
  // form for them it packs again in every call. Throws Error{kInput} naming the node for an
  // operator that libtorch does not have or arguments that its schema does not take, and naming the
  // output for one that is no tensor; Error{kUsage} for a disabled pass that does not exist. What
  // comes from a file is verified before (call/verify.h): the allow-list is not asked here.
  static std::shared_ptr<const Plan> compile(const Program& program,
                                             const PlanOptions& options = {});
  virtual ~Plan() = default;

  // Inputs in the order of program.user_inputs(); shapes and dtypes are checked against the
  // signature, sizes against the program's size rules (Error{kInput} naming the input, what came,
  // what was expected). Returns the user
  // outputs. Gradients are recorded if the calling thread has them enabled.
  virtual std::vector<at::Tensor> run(const std::vector<at::Tensor>& inputs) const = 0;

  // The same without the checks, for callers whose inputs conform by construction.
  virtual std::vector<at::Tensor> run_unchecked(const std::vector<at::Tensor>& inputs) const = 0;

  // run_unchecked() that adds to seconds[i] what node i of program() took; `seconds` holds one
  // number a node. Inputs are finite.
  virtual std::vector<at::Tensor> run_timed(const std::vector<at::Tensor>& inputs,
                                            std::vector<double>& seconds) const = 0;

  virtual const Program& program() const = 0;  // the one that runs: lowered, if asked
};

}  // namespace maas
