// Does a confidence of 80 % mean that 80 % are right?
#pragma once

#include <cstdint>
#include <vector>

#include "evaluate/class_scores.h"

namespace maas {

// Rows whose confidence lies in (lower, upper].
struct ConfidenceBin {
  double lower = 0, upper = 0;
  int64_t count = 0;
  double confidence = 0, accuracy = 0;  // means over the rows; 0 when there are none
};

// `bins` equal-width bins over (0, 1]; a confidence of NaN goes into none.
std::vector<ConfidenceBin> confidence_bins(const std::vector<RowScore>& rows, int64_t bins = 15);

// Expected calibration error (Guo et al., arXiv 1706.04599): the mean over rows of
// |accuracy - confidence| of the row's bin; NaN when a confidence is.
double expected_calibration_error(const std::vector<RowScore>& rows, int64_t bins = 15);

}  // namespace maas
