// How sums in registers begin and end, for source files whose loops are made for several widths of
// vectors (vector_loops.h)
#pragma once

#include <cstdint>
#include <cstring>

#include "run/lower/activation.h"
#include "run/lower/vector_loops.h"

namespace maas {

// Every row begins with the numbers of `bias`; nullptr = 0.
template <class Vectors, int rows, int vectors>
MAAS_INLINE inline void begin_sums(typename Vectors::Floats (&sum)[rows][vectors],  // NOLINT
                                   const float* bias) {
  using Floats = typename Vectors::Floats;
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
#pragma GCC unroll 8
  for (int v = 0; v < vectors; ++v) {
    Floats first = {};
    if (bias != nullptr) std::memcpy(&first, bias + v * kLanes, sizeof(first));
#pragma GCC unroll 8
    for (int r = 0; r < rows; ++r) sum[r][v] = first;
  }
}

// Writes rows `stride` numbers apart, kept within the limits. NaN stays.
template <class Vectors, int rows, int vectors>
MAAS_INLINE inline void end_sums(const typename Vectors::Floats (&sum)[rows][vectors],  // NOLINT
                                 const Limits& limits, float* to, int64_t stride) {
  using Floats = typename Vectors::Floats;
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
  const Floats low = Floats{} + limits.low, high = Floats{} + limits.high;
#pragma GCC unroll 8
  for (int r = 0; r < rows; ++r) {
#pragma GCC unroll 8
    for (int v = 0; v < vectors; ++v) {
      const Floats above = sum[r][v] < low ? low : sum[r][v];
      const Floats within = above > high ? high : above;
      std::memcpy(to + r * stride + v * kLanes, &within, sizeof(Floats));
    }
  }
}

}  // namespace maas
