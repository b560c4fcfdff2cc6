// Plans of one program for runs of one row, of some and of many
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "program/program.h"
#include "run/plan.h"

namespace maas {

// Weights are packed for the rows of a run: what serves batches of any size keeps a plan for each
// class of sizes. At most three; weights that no pass rewrites are shared, packed ones are each
// plan's own. Immutable to the eye: many threads at once.
class RowPlans {
 public:
  static constexpr std::array<int64_t, 3> kRows = {1, 8, 64};  // that the plans are made for

  // For inference. The plan for one row is made here, another by the first run that wants it, with
  // the threads of its caller (Plan::compile). Throws as Plan::compile does.
  explicit RowPlans(Program program, std::set<std::string> disabled_passes = {},
                    Precision precision = Precision::kFp32);

  // The plan for these inputs: by the size that counts samples (program/example_sizes.h). The one
  // for a single row where nothing does, where inputs are missing, or where memory is too short for
  // another copy of the weights.
  const Plan& plan_for(const std::vector<at::Tensor>& inputs) const;

 private:
  size_t class_of(const std::vector<at::Tensor>& inputs) const;
  const Plan& plan_of(size_t row_class) const;

  Program program_;
  std::set<std::string> disabled_passes_;
  Precision precision_;
  size_t input_ = 0, dim_ = 0;  // whose size counts samples
  bool has_rows_ = false;
  mutable std::array<std::once_flag, kRows.size()> once_;
  mutable std::array<std::shared_ptr<const Plan>, kRows.size()> plans_;
};

}  // namespace maas
