// How far two forms of a network agree on the same inputs
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "export/format.h"

namespace maas {

struct Agreement {
  int64_t samples = 0;  // rows of the first output
  double max_abs = 0;   // largest difference of two elements
  // An output's largest difference, relative to the largest magnitude that the original gives for
  // it over all samples; the largest of the outputs.
  double max_relative = 0;
  // Share of the rows of the first output whose largest element has the same index; nullopt where
  // rows have a single element, or none.
  std::optional<double> top1;
};

// Runs both on each of `batches` (a tensor an input) and compares outputs in double precision.
// NaN agrees with NaN, an infinity with the same infinity; else their difference is infinite.
// Outputs of another number, shape or dtype are Error{kRequirement} naming the output. `progress`,
// which may be empty, is called after each batch; what it throws stops the work.
Agreement compare(const Forward& original, const Forward& read_back,
                  const std::vector<std::vector<at::Tensor>>& batches,
                  const std::function<void()>& progress = {});

}  // namespace maas
