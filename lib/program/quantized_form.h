// Int8 networks as they are stored: plain tensors and ATen operators, found again by their pattern.
//
// A weight is an int8 buffer with its scales, turned into float32 in the graph:
//   W_q      buffer "<layer>.weight_int8", int8 [O, ...], -127..127, symmetric, a scale per channel
//   scale    buffer "<layer>.weight_scale", float32 [O, 1, ...], positive and finite
//   w = aten::mul.Tensor(aten::to.dtype(W_q, float32), scale)     read by conv2d, linear, ...
// In files of others the buffers may have any names, the operands of mul stand the other way round,
// and to.dtype be _to_copy.
// An activation whose range is known is rounded where it is made, and every reader that can take
// integers reads the rounded value (uint8, affine, a scale per tensor):
//   x' = aten::fake_quantize_per_tensor_affine(x, scale, zero_point, 0, 255)
// An activation without a known range is rounded by its own largest value, per last dimension
// (int8, symmetric; a row of zeros stays zeros):
//   s = aten::clamp_min(aten::div.Scalar(aten::amax(aten::abs(x), [-1], true), 127), tiny)
//   x' = aten::mul.Tensor(aten::clamp(aten::round(aten::div.Tensor(x, s)), -127, 127), s)
// A table of an embedding gathers integers, then its rows' scales:
//   rows = aten::mul.Tensor(aten::to.dtype(aten::embedding(W_q, i), float32),
//                           aten::embedding(scale, i))
// Biases and everything else stay float32. Any runtime computes the right numbers from that;
// run/ recognises it and multiplies integers.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>

#include "program/program.h"

namespace maas {

inline constexpr const char* kInt8Suffix = "_int8";    // behind a weight's name
inline constexpr const char* kScaleSuffix = "_scale";  // the same
inline constexpr int64_t kWeightLimit = 127;           // of |W_q|
inline constexpr int64_t kActivationLow = 0, kActivationHigh = 255;
inline constexpr double kLeastTokenScale = 1e-12;  // `tiny` above

struct QuantizedWeight {
  at::Tensor values;                                  // int8 [O, ...]
  at::Tensor scale;                                   // float32 [O, 1, ...]
  ValueId values_id = kNoValue, scale_id = kNoValue;  // the buffers' values
};

struct ActivationRange {
  ValueId input = kNoValue;  // what is rounded, float32
  double scale = 1;          // x ~ (q - zero_point) * scale, q in 0..255
  int64_t zero_point = 0;    // 0..255
};

// The three patterns, asked of the value that they end in: w, x'. nullopt for any other value, also
// where only a part of a pattern stands. O(nodes).
std::optional<QuantizedWeight> quantized_weight(const Program& program, ValueId value);
std::optional<ActivationRange> fake_quantized(const Program& program, ValueId value);
struct TokenQuantized {
  ValueId input = kNoValue;  // float32 [..., K], a scale for each of the leading dimensions
};
std::optional<TokenQuantized> token_quantized(const Program& program, ValueId value);

// Does any node read a weight or a table in the stored form, or is any activation rounded?
bool is_quantized(const Program& program);

// The float32 weight that the stored form stands for: values * scale. A new tensor.
at::Tensor dequantized(const QuantizedWeight& weight);

}  // namespace maas
