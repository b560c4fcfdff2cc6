// Products of a few rows with a weight whose columns are packed in blocks
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace maas {

inline constexpr int64_t kWeightBlock = 64;  // columns

// [out, in], any layout -> [blocks, in, kWeightBlock] of the same dtype: the weight turned, a block
// of its columns after the other, zeros behind the last.
at::Tensor pack_columns(const at::Tensor& weight);
// The same, and the tensor that an earlier call gave for this weight while somebody holds that and
// the weight is as it was: plans for different rows share it. From many threads at once.
at::Tensor shared_columns(const at::Tensor& weight);
int64_t packed_blocks(int64_t columns);

// Spans of memory of a product sums[r][c] = sum over k of x[r][k] w[k][c].
struct PackedProduct {
  const float* x = nullptr;  // [rows, width], a row's numbers side by side
  int64_t rows = 0, width = 0, x_row = 0;
  int64_t blocks = 0;     // of columns
  float* sums = nullptr;  // [rows, blocks x kWeightBlock]
  int64_t sums_row = 0;
};

// On the calling thread, in float32.
void multiply_packed(const PackedProduct& product, const float* weight);
// An int8 weight, read as the numbers that it holds.
void multiply_packed(const PackedProduct& product, const int8_t* weight);

}  // namespace maas
