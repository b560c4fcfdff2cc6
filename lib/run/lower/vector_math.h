// Functions of one number, of which gcc makes vectors (vector_loops.h). In builtins: what a header
// declared before a source file's pragma is not put into its loops.
#pragma once

#include <cstdint>

#include "run/lower/vector_loops.h"

namespace maas {

// Right to 2e-7 of the value; infinite above 88.37 and 0 below -87.33, where float32 nearly ends;
// NaN stays. Cody and Waite's reduction and the polynomial of Moshier's Cephes library (expf).
MAAS_INLINE inline float exp_of(float x) {
  constexpr float kHigh = 88.37626F, kLow = -87.33F;
  constexpr float kShift = 12582912.0F;  // 1.5 * 2^23: a sum with it has no room for a fraction
  const float below = x > kHigh ? kHigh : x;  // NaN stays
  const float clamped = below < kLow ? kLow : below;
  const float shifted = clamped * 1.44269504088896341F + kShift;
  const float n = shifted - kShift;
  const float r = (clamped - n * 0.693359375F) - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const int32_t power = __builtin_bit_cast(int32_t, shifted) - __builtin_bit_cast(int32_t, kShift);
  const float value = (p * r * r + r + 1.0F) * __builtin_bit_cast(float, (power + 127) << 23);
  const float finite = x > kHigh ? __builtin_inff() : value;
  return x < kLow ? 0.0F : finite;
}

MAAS_INLINE inline float sigmoid_of(float x) { return 1.0F / (1.0F + exp_of(-x)); }

// Right to 3e-7 of the value, tiny ones too (Cephes, tanhf).
MAAS_INLINE inline float tanh_of(float x) {
  const float z = x * x;
  float p = -5.70498872745e-3F;
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  const float small = p * z * x + x;
  const float size = __builtin_fabsf(x);
  const float large = __builtin_copysignf(1.0F - 2.0F / (exp_of(size + size) + 1.0F), x);
  return size < 0.625F ? small : large;
}

// x times the normal distribution's share below x, right to 2e-7 of |x|: erf by Abramowitz and
// Stegun, 7.1.26.
MAAS_INLINE inline float gelu_of(float x) {
  const float size = __builtin_fabsf(x) * 0.70710678118654752F;
  const float t = 1.0F / (1.0F + 0.3275911F * size);
  float p = 1.061405429F;
  p = p * t - 1.453152027F;
  p = p * t + 1.421413741F;
  p = p * t - 0.284496736F;
  p = p * t + 0.254829592F;
  const float above = 0.5F * p * t * exp_of(-size * size);  // the share above |x|
  return x < 0.0F ? x * above : x * (1.0F - above);
}

MAAS_INLINE inline float relu_of(float x) { return x < 0.0F ? 0.0F : x; }  // NaN stays

MAAS_INLINE inline float relu6_of(float x) {
  const float below = x > 6.0F ? 6.0F : x;  // NaN stays
  return below < 0.0F ? 0.0F : below;
}

}  // namespace maas
