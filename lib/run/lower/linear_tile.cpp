#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3,no-trapping-math,no-math-errno")
#endif
#include "run/lower/linear_tile.h"

#include "run/lower/vector_loops.h"
#include "run/lower/vector_math.h"

namespace maas {
namespace {

constexpr float kOnes[kWeightBlock] = {  // NOLINT: as a span
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
constexpr float kZeros[kWeightBlock] = {};  // NOLINT

// The row's sums with what comes before the activation.
MAAS_INLINE inline void complete_row(const LinearTile& tile, int64_t row, float* sums) {
  const float* scale = tile.scale == nullptr ? kOnes : tile.scale;
  const float* bias = tile.bias == nullptr ? kZeros : tile.bias;
  const float* other = tile.other == nullptr ? kZeros : tile.other + row * tile.out_row;
  for (int64_t j = 0; j < tile.columns; ++j) sums[j] = sums[j] * scale[j] + bias[j] + other[j];
}

template <class Function>
MAAS_INLINE inline void write_row(const LinearTile& tile, int64_t row, const float* sums,
                                  Function function) {
  float* __restrict to = tile.out + row * tile.out_row;
  for (int64_t j = 0; j < tile.columns; ++j) to[j] = function(sums[j]);
}

MAAS_INLINE inline void activate_row(const LinearTile& tile, int64_t row, const float* sums) {
  switch (tile.activation) {
    case TileActivation::kNone:
      return write_row(tile, row, sums, [](float x) MAAS_INLINE { return x; });
    case TileActivation::kRelu:
      return write_row(tile, row, sums, [](float x) MAAS_INLINE { return relu_of(x); });
    case TileActivation::kSigmoid:
      return write_row(tile, row, sums, [](float x) MAAS_INLINE { return sigmoid_of(x); });
    case TileActivation::kTanh:
      return write_row(tile, row, sums, [](float x) MAAS_INLINE { return tanh_of(x); });
    case TileActivation::kSilu:
      return write_row(tile, row, sums, [](float x) MAAS_INLINE { return x * sigmoid_of(x); });
    case TileActivation::kGelu:
      return write_row(tile, row, sums, [](float x) MAAS_INLINE { return gelu_of(x); });
  }
}

}  // namespace

void run_linear_tile(const LinearTile& tile) {
  alignas(64) float sums[kTileRows * kWeightBlock];  // NOLINT: written before it is read
  const PackedProduct product{.x = tile.x,
                              .rows = tile.rows,
                              .width = tile.width,
                              .x_row = tile.x_row,
                              .blocks = 1,
                              .sums = sums,
                              .sums_row = kWeightBlock};
  if (tile.int8_weight != nullptr) {
    multiply_packed(product, tile.int8_weight);
  } else {
    multiply_packed(product, tile.weight);
  }
  run_with_widest_vectors([&](auto) MAAS_INLINE {
    for (int64_t row = 0; row < tile.rows; ++row) {
      complete_row(tile, row, sums + row * kWeightBlock);
      activate_row(tile, row, sums + row * kWeightBlock);
    }
  });
}

}  // namespace maas
