#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3,no-trapping-math,no-math-errno")
#endif
#include "run/lower/norm_loops.h"

#include <algorithm>

#include "run/lower/vector_loops.h"
#include "run/lower/vector_math.h"

namespace maas {
namespace {

constexpr int64_t kWidth = 64;                // numbers that are worth a loop
constexpr int64_t kBlock = int64_t{1} << 14;  // numbers of a block

// Calls each(offset, numbers) for every piece of width() numbers, the last one maybe shorter.
template <class Each>
MAAS_INLINE inline void for_pieces(const NormRows& form, int64_t rows, Each each) {
  const int64_t width = form.channels * form.repeat, end = rows * form.channels;
  for (int64_t at = 0; at < end; at += width) each(at, end - at < width ? end - at : width);
}

// Adds up what was summed apart for each of the rows that are taken as one.
MAAS_INLINE inline void fold(const NormRows& form, const float* apart, float* whole) {
  for (int64_t c = 0; c < form.channels; ++c) whole[c] = 0;
  for (int64_t r = 0; r < form.repeat; ++r) {
    for (int64_t c = 0; c < form.channels; ++c) whole[c] += apart[r * form.channels + c];
  }
}

MAAS_INLINE inline void clear(float* numbers, int64_t count) {
  for (int64_t i = 0; i < count; ++i) numbers[i] = 0;
}

MAAS_INLINE inline void moments(const NormRows& form, const float* __restrict x, int64_t rows,
                                float* __restrict mean, float* __restrict squares,
                                float* __restrict apart) {
  const int64_t width = form.channels * form.repeat;
  clear(apart, width);
  for_pieces(form, rows, [&](int64_t at, int64_t count) MAAS_INLINE {
    for (int64_t j = 0; j < count; ++j) apart[j] += x[at + j];
  });
  fold(form, apart, mean);
  for (int64_t c = 0; c < form.channels; ++c) mean[c] /= static_cast<float>(rows);
  float* __restrict means = apart + width;
  for (int64_t j = 0; j < width; ++j) means[j] = mean[j % form.channels];
  clear(apart, width);
  for_pieces(form, rows, [&](int64_t at, int64_t count) MAAS_INLINE {
    for (int64_t j = 0; j < count; ++j) {
      const float difference = x[at + j] - means[j];
      apart[j] += difference * difference;
    }
  });
  fold(form, apart, squares);
}

template <bool kRelu, bool kOther>
MAAS_INLINE inline void forward(const NormRows& form, const NormLine& line,
                                const float* __restrict x, const float* __restrict other,
                                float* __restrict y, int64_t rows) {
  const float* __restrict mean = line.mean, * __restrict scale = line.scale, * __restrict shift = line.shift;
  for_pieces(form, rows, [&](int64_t at, int64_t count) MAAS_INLINE {
    for (int64_t j = 0; j < count; ++j) {
      float value = (x[at + j] - mean[j]) * scale[j] + shift[j];
      if constexpr (kOther) value += other[at + j];
      if constexpr (kRelu) value = relu_of(value);
      y[at + j] = value;
    }
  });
}

// The gradient before the ReLU: none where that made 0 of a number.
template <bool kRelu>
MAAS_INLINE inline float let_through(float gradient, float value) {
  if constexpr (!kRelu) return gradient;
  return value <= 0.0F ? 0.0F : gradient;
}

template <bool kRelu>
MAAS_INLINE inline void gradient_sums(const NormRows& form, const NormLine& line,
                                      const NormGradient& given, const NormSums& sums) {
  const int64_t width = form.channels * form.repeat;
  const float* __restrict scale = line.scale, * __restrict shift = line.shift;
  const float* __restrict x = given.x, * __restrict from = given.gradient, * __restrict mean = line.mean;
  float* __restrict gradients = sums.scratch, * __restrict products = sums.scratch + width;
  clear(sums.scratch, 2 * width);
  for_pieces(form, given.rows, [&](int64_t at, int64_t count) MAAS_INLINE {
    for (int64_t j = 0; j < count; ++j) {
      const float centred = x[at + j] - mean[j];
      const float g = let_through<kRelu>(from[at + j], centred * scale[j] + shift[j]);
      gradients[j] += g;
      products[j] += g * centred;
    }
  });
  fold(form, gradients, sums.gradient);
  fold(form, products, sums.product);
}

template <bool kRelu>
MAAS_INLINE inline void input_gradient(const NormRows& form, const NormLine& line,
                                       const NormGradient& given, const NormSlope& slopes,
                                       float* __restrict dx) {
  const float* __restrict scale = line.scale, * __restrict shift = line.shift;
  const float* __restrict x = given.x, * __restrict from = given.gradient, * __restrict mean = line.mean;
  const float* __restrict slope = slopes.slope, * __restrict level = slopes.level;
  for_pieces(form, given.rows, [&](int64_t at, int64_t count) MAAS_INLINE {
    for (int64_t j = 0; j < count; ++j) {
      const float centred = x[at + j] - mean[j];
      const float g = let_through<kRelu>(from[at + j], centred * scale[j] + shift[j]);
      dx[at + j] = g * scale[j] + centred * slope[j] + level[j];
    }
  });
}

}  // namespace

NormRows::NormRows(int64_t count) : channels(count) {
  repeat = std::max<int64_t>(1, kWidth / channels);
  rows_of_block = std::max<int64_t>(1, kBlock / width()) * repeat;
}

std::vector<float> NormRows::repeated(const std::vector<float>& of_channels) const {
  std::vector<float> all;
  all.reserve(static_cast<size_t>(width()));
  for (int64_t i = 0; i < repeat; ++i) {
    all.insert(all.end(), of_channels.begin(), of_channels.end());
  }
  return all;
}

void norm_moments(const NormRows& form, const float* x, int64_t rows, float* mean, float* squares,
                  float* scratch) {
  run_with_widest_vectors([&](auto)
                              MAAS_INLINE { moments(form, x, rows, mean, squares, scratch); });
}

void norm_forward(const NormRows& form, const NormLine& line, const float* x, const float* other,
                  float* y, int64_t rows) {
  run_with_widest_vectors([&](auto) MAAS_INLINE {
    if (line.relu && other != nullptr) {
      forward<true, true>(form, line, x, other, y, rows);
    } else if (line.relu) {
      forward<true, false>(form, line, x, other, y, rows);
    } else if (other != nullptr) {
      forward<false, true>(form, line, x, other, y, rows);
    } else {
      forward<false, false>(form, line, x, other, y, rows);
    }
  });
}

void norm_gradient_sums(const NormRows& form, const NormLine& line, const NormGradient& given,
                        const NormSums& sums) {
  run_with_widest_vectors([&](auto) MAAS_INLINE {
    if (line.relu) {
      gradient_sums<true>(form, line, given, sums);
    } else {
      gradient_sums<false>(form, line, given, sums);
    }
  });
}

void norm_input_gradient(const NormRows& form, const NormLine& line, const NormGradient& given,
                         const NormSlope& slope, float* dx) {
  run_with_widest_vectors([&](auto) MAAS_INLINE {
    if (line.relu) {
      input_gradient<true>(form, line, given, slope, dx);
    } else {
      input_gradient<false>(form, line, given, slope, dx);
    }
  });
}

}  // namespace maas
