// Rows of numbers normed channel by channel, over spans of memory
#pragma once

#include <cstdint>

#include "run/lower/activation.h"

namespace maas {

struct NormedRows {
  const float* norm = nullptr;  // [3, channels]: mean, scale, shift
  int64_t channels = 0;
  Limits limits = {};  // that the results are kept within
};

// to[r][c] = (rows[r][c] - mean[c]) scale[c] + shift[c], `count` rows of `to` side by side. On the
// calling thread. NaN stays.
void norm_rows(const NormedRows& norm, const float* const* rows, int64_t count, float* to);

}  // namespace maas
