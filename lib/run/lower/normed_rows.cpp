#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3,no-trapping-math,no-math-errno")
#endif
#include "run/lower/normed_rows.h"

#include "run/lower/vector_loops.h"

namespace maas {

void norm_rows(const NormedRows& norm, const float* const* rows, int64_t count, float* to) {
  run_with_widest_vectors([&](auto) MAAS_INLINE {
    const float* __restrict mean = norm.norm;
    const float* __restrict scale = mean + norm.channels;
    const float* __restrict shift = scale + norm.channels;
    const float low = norm.limits.low, high = norm.limits.high;
    for (int64_t row = 0; row < count; ++row) {
      const float* __restrict from = rows[row];
      float* __restrict out = to + row * norm.channels;
      for (int64_t c = 0; c < norm.channels; ++c) {
        const float normed = (from[c] - mean[c]) * scale[c] + shift[c];
        const float above = normed < low ? low : normed;  // NaN stays
        out[c] = above > high ? high : above;
      }
    }
  });
}

}  // namespace maas
