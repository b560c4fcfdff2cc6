#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3,no-trapping-math,no-math-errno")
#endif
#include "run/lower/linear_tile.h"

#include <algorithm>
#include <vector>

#include "run/lower/activation_loops.h"
#include "run/lower/vector_loops.h"

namespace maas {
namespace {

constexpr int64_t kRowsAtOnce = 4 * kRowStep;  // whose sums stay near until they are finished

// The row's sums with what comes before the activation.
MAAS_INLINE inline void complete_row(const LinearTile& tile, int64_t row, int64_t columns,
                                     float* sums) {
  if (tile.scale != nullptr) {
    for (int64_t j = 0; j < columns; ++j) sums[j] *= tile.scale[j];
    if (tile.bias != nullptr) {
      for (int64_t j = 0; j < columns; ++j) sums[j] += tile.bias[j];
    }
  }
  if (tile.other != nullptr) {
    const float* other = tile.other + row * tile.out_row;
    for (int64_t j = 0; j < columns; ++j) sums[j] += other[j];
  }
}

// `columns` is tile.columns; where it is a constant, gcc leaves out what a rest of a vector takes.
MAAS_INLINE inline void finish_rows(const LinearTile& tile, int64_t columns, int64_t first,
                                    int64_t count, float* sums) {
  for (int64_t row = first; row < first + count; ++row, sums += kWeightBlock) {
    complete_row(tile, row, columns, sums);
    activate(tile.activation, sums, tile.out + row * tile.out_row, columns);
  }
}

}  // namespace

void run_linear_tile(const LinearTile& tile) {
  alignas(64) float sums[kRowsAtOnce * kWeightBlock];  // NOLINT: written before it is read
  const bool by_int8 = tile.int8_weight != nullptr && tile.rows <= kMostInt8Rows;
  std::vector<float> numbers;
  const float* weight = tile.weight;
  if (tile.int8_weight != nullptr && !by_int8) {
    numbers = floats_of(tile.int8_weight, tile.taps * tile.width * kWeightBlock);
    weight = numbers.data();
  }
  const auto limits = limits_of(tile.activation);
  // Then nothing is left to do but where the sums would not end with the columns.
  const bool is_sum = tile.scale == nullptr && tile.other == nullptr && limits.has_value();
  const bool in_place = is_sum && tile.columns % kColumnStep == 0;
  for (int64_t row = 0; row < tile.rows; row += kRowsAtOnce) {
    const PackedProduct product{.x = tile.x + row,
                                .x_tap = tile.rows,
                                .rows = std::min(tile.rows - row, kRowsAtOnce),
                                .taps = tile.taps,
                                .width = tile.width,
                                .columns = tile.columns,
                                .bias = tile.scale == nullptr ? tile.bias : nullptr,
                                .limits = is_sum ? *limits : Limits{},
                                .sums = in_place ? tile.out + row * tile.out_row : sums,
                                .sums_row = in_place ? tile.out_row : kWeightBlock};
    if (by_int8) {
      multiply_packed(product, tile.int8_weight);
    } else {
      multiply_packed(product, weight);
    }
    if (in_place) continue;
    run_with_widest_vectors([&](auto) MAAS_INLINE {
      if (tile.columns == kWeightBlock) {
        finish_rows(tile, kWeightBlock, row, product.rows, sums);
      } else {
        finish_rows(tile, tile.columns, row, product.rows, sums);
      }
    });
  }
}

}  // namespace maas
