// How much a unit matters: a score for every unit of every group
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "program/program.h"
#include "transform/prune/dim_groups.h"

namespace maas {

// How a unit is scored from its part of one weight. A new criterion is a row of criteria().
struct Criterion {
  const char* name;
  const char* summary;
  // What each element contributes, float64, of the weight's shape; they are added up over a unit.
  at::Tensor (*of_elements)(const at::Tensor& weight, uint64_t seed);
  // From the sum to the score, >= 0.
  double (*of_sum)(double sum);
};
const std::vector<Criterion>& criteria();
std::vector<std::string> criterion_names();
// Throws Error{kUsage} with the names that there are.
const Criterion& criterion_of(const std::string& name);

using Scores = std::vector<std::vector<double>>;  // by group and unit

// The mean over a group's members (weights and gains, not biases nor statistics) of the unit's
// score relative to the mean of all units in this member: 1 = a unit like the others of its group,
// so that groups compare and no member outweighs another by its scale alone (Fang et al. 2023,
// arXiv:2301.12900, section 3.4). Blocked groups get 1 throughout. Same seed, same scores.
// Throws Error{kInput} naming a weight that is not finite.
Scores importance(const Program& program, const std::vector<DimGroup>& groups,
                  const Criterion& criterion, uint64_t seed);

// Throws Error{kInput} naming the first parameter or buffer with NaN or infinite elements.
void refuse_not_finite(const Program& program, const std::string& where);

}  // namespace maas
