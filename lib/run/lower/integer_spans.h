// The loops between floats and small integers, over spans of memory
#pragma once

#include <cstdint>

namespace maas {

// What a uint8 stands for: (q - zero_point) * scale.
struct AffineGrid {
  double scale = 1;
  int64_t zero_point = 0;  // 0..255
  bool operator==(const AffineGrid&) const = default;
};

// Rounds half to even and clamps to 0..255, as aten::fake_quantize_per_tensor_affine does, after
// multiplying with the float 1 / scale. NaN becomes the lowest value.
void quantize_span(const float* from, uint8_t* to, int64_t count, const AffineGrid& grid);
void dequantize_span(const uint8_t* from, float* to, int64_t count, const AffineGrid& grid);
// The two in a row.
void fake_quantize_span(const float* from, float* to, int64_t count, const AffineGrid& grid);

// int8, symmetric: scale = max |x| / 127, not below `least`, q = round(x / scale). Returns scale.
float quantize_row(const float* from, int8_t* to, int64_t count, float least);

// What stands behind a product of integers: for output j of a row,
//   y = (sum[j] - correction[j]) * (scale[j] * row_scale) + bias[j], clamped to low..high.
struct ProductScale {
  const int32_t* correction = nullptr;  // nullptr = 0
  const float* scale = nullptr;
  const float* bias = nullptr;  // nullptr = 0
  float row_scale = 1;
  float low = 0, high = 0;
};
void scale_row(const int32_t* sums, float* to, int64_t count, const ProductScale& by);
void scale_and_quantize_row(const int32_t* sums, uint8_t* to, int64_t count, const ProductScale& by,
                            const AffineGrid& grid);

// to[i] = max(to[i], from[i])
void take_largest(const uint8_t* from, uint8_t* to, int64_t count);

// One dimension of pooling.
struct PoolAxis {
  int64_t in, kernel, stride, padding, dilation, out;
};
// Largest over the windows along one line of pixels, [axis.in, channels] -> [axis.out, channels].
void pool_line(const uint8_t* from, uint8_t* to, const PoolAxis& axis, int64_t channels);

}  // namespace maas
