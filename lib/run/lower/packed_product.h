// Products of a few rows with a weight whose columns are packed in blocks
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "run/lower/activation.h"

namespace maas {

inline constexpr int64_t kWeightBlock = 64;  // columns
inline constexpr int64_t kColumnStep = 16;   // that are summed at once
// Rows, too: as many sums as 32 registers hold beside the operands.
inline constexpr int64_t kRowStep = 6;

// [out, in], any layout -> [blocks, in, kWeightBlock] of the same dtype: the weight turned, a block
// of its columns after the other, zeros behind the last.
at::Tensor pack_columns(const at::Tensor& weight);
// pack(weight), and the tensor that an earlier call gave for this weight while somebody holds that
// and the weight is as it was: plans for different rows share it. From many threads at once.
at::Tensor shared_form(const at::Tensor& weight, at::Tensor (*pack)(const at::Tensor&));
int64_t packed_blocks(int64_t columns);

// Spans of memory of a product sums[r][c] = sum over t and k of x[t x_tap + r][k] w[t width +
// k][c].
struct PackedProduct {
  // [taps, rows] of places that hold `width` numbers, x_tap apart: a row's pieces may lie anywhere.
  const float* const* x = nullptr;
  int64_t x_tap = 0;
  int64_t rows = 0, taps = 1, width = 0;
  int64_t columns = 0;          // in packed_blocks(columns) blocks
  const float* bias = nullptr;  // [columns, up to kColumnStep more] that sums begin with
  Limits limits = {};           // that they are kept within
  float* sums = nullptr;        // [rows, columns in steps of kColumnStep]; what is behind the last
                                // column holds anything
  int64_t sums_row = 0;
};

// On the calling thread, in float32.
void multiply_packed(const PackedProduct& product, const float* weight);
// An int8 weight, read as the numbers that it holds: for at most kMostInt8Rows rows. For more, make
// floats of it once.
inline constexpr int64_t kMostInt8Rows = 3;
void multiply_packed(const PackedProduct& product, const int8_t* weight);
std::vector<float> floats_of(const int8_t* weight, int64_t count);

}  // namespace maas
