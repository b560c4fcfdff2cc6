// Each loop is written once; gcc makes vectors of it, for AVX2 and for what every x86-64 has, and
// the CPU decides which one runs. Without fused multiply-add: both give the same bits.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#include "run/lower/integer_spans.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace maas {
namespace {

#define MAAS_INLINE __attribute__((always_inline))

#if defined(__x86_64__)
template <class Loop>
__attribute__((target("avx2"))) void run_with_avx2(Loop loop) {
  loop();
}

template <class Loop>
void run_loop(Loop loop) {
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) {
    run_with_avx2(loop);
  } else {
    loop();
  }
}
#else
template <class Loop>
void run_loop(Loop loop) {
  loop();
}
#endif

// The nearest integer, half to even, of |x| < 2^22: the sum has no room for a fraction.
MAAS_INLINE inline int32_t nearest(float x) {
  constexpr float kShift = 12582912.0F;  // 1.5 * 2^23
  return std::bit_cast<int32_t>(x + kShift) - std::bit_cast<int32_t>(kShift);
}

// NaN becomes `low`.
MAAS_INLINE inline float clamped(float x, float low, float high) {
  const float raised = x > low ? x : low;
  return raised < high ? raised : high;
}

// In steps that may overlap: a maximum may be taken twice.
MAAS_INLINE inline void keep_largest(const uint8_t* from, uint8_t* to, int64_t count) {
  using Bytes = uint8_t __attribute__((vector_size(16)));
  constexpr int64_t kStep = sizeof(Bytes);
  const auto step = [=](int64_t i) MAAS_INLINE {
    Bytes a, b;
    std::memcpy(&a, from + i, kStep);
    std::memcpy(&b, to + i, kStep);
    const Bytes larger = a > b ? a : b;
    std::memcpy(to + i, &larger, kStep);
  };
  if (count < kStep) {
    for (int64_t i = 0; i < count; ++i) to[i] = std::max(to[i], from[i]);
    return;
  }
  for (int64_t i = 0; i + kStep <= count; i += kStep) step(i);
  if (count % kStep != 0) step(count - kStep);
}

// Not NaN.
MAAS_INLINE inline float largest_size(const float* from, int64_t count) {
  using Floats = float __attribute__((vector_size(32)));
  constexpr int64_t kLanes = 8;
  Floats most = {};
  int64_t i = 0;
  for (; i + kLanes <= count; i += kLanes) {
    Floats x;
    std::memcpy(&x, from + i, sizeof(x));
    const Floats size = x > -x ? x : -x;
    most = size > most ? size : most;
  }
  float largest = 0;
  for (int64_t k = 0; k < kLanes; ++k) largest = std::max(largest, most[k]);
  for (; i < count; ++i) largest = std::max(largest, std::abs(from[i]));
  return largest;
}

struct Steps {  // a grid as the loops use it
  float inverse, scale, low, high;
  int32_t zero_point;

  explicit Steps(const AffineGrid& grid)
      : inverse(1.0F / static_cast<float>(grid.scale)),
        scale(static_cast<float>(grid.scale)),
        low(-static_cast<float>(grid.zero_point)),
        high(255.0F - static_cast<float>(grid.zero_point)),
        zero_point(static_cast<int32_t>(grid.zero_point)) {}

  // Before the zero point is added.
  MAAS_INLINE int32_t step_of(float x) const { return nearest(clamped(x * inverse, low, high)); }
};

MAAS_INLINE inline float scaled(int32_t sum, int64_t j, const ProductScale& by) {
  const int32_t corrected = by.correction == nullptr ? sum : sum - by.correction[j];
  const float product = static_cast<float>(corrected) * (by.scale[j] * by.row_scale);
  const float y = by.bias == nullptr ? product : product + by.bias[j];
  return clamped(y, by.low, by.high);
}

}  // namespace

void quantize_span(const float* from, uint8_t* to, int64_t count, const AffineGrid& grid) {
  run_loop([=, steps = Steps(grid)]() MAAS_INLINE {
    for (int64_t i = 0; i < count; ++i) {
      to[i] = static_cast<uint8_t>(steps.step_of(from[i]) + steps.zero_point);
    }
  });
}

void dequantize_span(const uint8_t* from, float* to, int64_t count, const AffineGrid& grid) {
  run_loop([=, steps = Steps(grid)]() MAAS_INLINE {
    for (int64_t i = 0; i < count; ++i) {
      to[i] = static_cast<float>(from[i] - steps.zero_point) * steps.scale;
    }
  });
}

void fake_quantize_span(const float* from, float* to, int64_t count, const AffineGrid& grid) {
  run_loop([=, steps = Steps(grid)]() MAAS_INLINE {
    for (int64_t i = 0; i < count; ++i) {
      to[i] = static_cast<float>(steps.step_of(from[i])) * steps.scale;
    }
  });
}

float quantize_row(const float* from, int8_t* to, int64_t count, float least) {
  float scale = 0;
  run_loop([=, &scale]() MAAS_INLINE {
    const float divisor = std::max(largest_size(from, count) / 127.0F, least);
    // No quotient is above 127 but by a rounding.
    for (int64_t j = 0; j < count; ++j) to[j] = static_cast<int8_t>(nearest(from[j] / divisor));
    scale = divisor;
  });
  return scale;
}

void scale_row(const int32_t* sums, float* to, int64_t count, const ProductScale& by) {
  run_loop([=]() MAAS_INLINE {
    for (int64_t j = 0; j < count; ++j) to[j] = scaled(sums[j], j, by);
  });
}

void scale_and_quantize_row(const int32_t* sums, uint8_t* to, int64_t count, const ProductScale& by,
                            const AffineGrid& grid) {
  run_loop([=, steps = Steps(grid)]() MAAS_INLINE {
    for (int64_t j = 0; j < count; ++j) {
      to[j] = static_cast<uint8_t>(steps.step_of(scaled(sums[j], j, by)) + steps.zero_point);
    }
  });
}

void take_largest(const uint8_t* from, uint8_t* to, int64_t count) {
  run_loop([=]() MAAS_INLINE { keep_largest(from, to, count); });
}

void pool_line(const uint8_t* from, uint8_t* to, const PoolAxis& axis, int64_t channels) {
  run_loop([=]() MAAS_INLINE {
    for (int64_t x = 0; x < axis.out; ++x) {
      uint8_t* out = to + x * channels;
      std::fill_n(out, channels, uint8_t{0});
      for (int64_t j = 0; j < axis.kernel; ++j) {
        const int64_t at = x * axis.stride - axis.padding + j * axis.dilation;
        if (at >= 0 && at < axis.in) keep_largest(from + at * channels, out, channels);
      }
    }
  });
}

}  // namespace maas
