// The loops of batch normalisation in training, where the channels of a place lie side by side
#pragma once

#include <cstdint>
#include <vector>

namespace maas {

// Rows are places (a sample's, a pixel's) of `channels` numbers, one behind the other. Several rows
// are run through as one, so that few channels fill a vector, too: what there is for each channel
// is repeated() so often.
struct NormRows {
  int64_t channels = 1;       // >= 1
  int64_t repeat = 1;         // rows that are taken as one
  int64_t rows_of_block = 1;  // that stay near between two looks at them

  explicit NormRows(int64_t channels);
  int64_t width() const { return channels * repeat; }
  int64_t blocks(int64_t rows) const { return (rows + rows_of_block - 1) / rows_of_block; }
  // `channels` numbers, `repeat` times.
  std::vector<float> repeated(const std::vector<float>& of_channels) const;
};

// All repeated(): (x - mean) scale + shift is normalised, which keeps the digits of large means.
// With `relu`, negative results become 0; NaN stays.
struct NormLine {
  const float* mean = nullptr;
  const float* scale = nullptr;
  const float* shift = nullptr;
  bool relu = false;
};

// Of `rows` rows at x, for each channel: the mean, and the sum of squared differences from it.
// `scratch`: 2 width() numbers.
void norm_moments(const NormRows& form, const float* x, int64_t rows, float* mean, float* squares,
                  float* scratch);

// y = the normalised x (+ other, unless that is null), then the ReLU.
void norm_forward(const NormRows& form, const NormLine& line, const float* x, const float* other,
                  float* y, int64_t rows);

// For each channel the sum of g, and of g (x - mean); g is the gradient where the ReLU let through
// what it was given. `scratch`: 2 width() numbers.
struct NormSums {
  float* gradient = nullptr;
  float* product = nullptr;
  float* scratch = nullptr;
};
struct NormGradient {
  const float* gradient = nullptr;
  const float* x = nullptr;
  int64_t rows = 0;
};
void norm_gradient_sums(const NormRows& form, const NormLine& line, const NormGradient& given,
                        const NormSums& sums);

// dx = g scale + (x - mean) slope + level; slope and level are repeated().
struct NormSlope {
  const float* slope = nullptr;
  const float* level = nullptr;
};
void norm_input_gradient(const NormRows& form, const NormLine& line, const NormGradient& given,
                         const NormSlope& slope, float* dx);

}  // namespace maas
