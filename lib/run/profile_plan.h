// Where the time of a plan's runs goes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "run/plan.h"

namespace maas {

struct OperatorTime {
  std::string op;      // "aten::softmax.int", of the lowered graph
  std::string result;  // type of its first result, as a run had it hinted: "f32 [1, 96, 56, 56]"
  int64_t nodes = 0;   // of this operator and result
  double ms = 0;       // of all of them, in one run; the median of the runs
};

// Runs the plan on the calling thread, without gradients, for about `seconds`, three times at
// least. The slowest first. Throws what Plan::run throws.
std::vector<OperatorTime> profile_plan(const Plan& plan, const std::vector<at::Tensor>& inputs,
                                       double seconds);

// The same without results: one for each operator.
std::vector<OperatorTime> by_operator(const std::vector<OperatorTime>& times);

}  // namespace maas
