// A part of a linear layer or of a convolution, over spans of memory
#pragma once

#include "run/lower/activation.h"
#include "run/lower/packed_product.h"

namespace maas {

// One block of columns for some rows: out = activation(x w scale + bias + other)
struct LinearTile {
  const float* const* x = nullptr;  // [taps, rows] of pieces of `width` (packed_product.h)
  int64_t rows = 0, taps = 1, width = 0;
  const float* weight = nullptr;  // [taps, width, kWeightBlock]; nullptr where it is
  const int8_t* int8_weight = nullptr;
  int64_t columns = kWeightBlock;  // of the block that there are
  const float* scale = nullptr;    // [columns]; nullptr = 1
  const float* bias = nullptr;     // the same, up to kColumnStep more; nullptr = 0
  const float* other = nullptr;    // [rows, columns], rows out_row apart; nullptr = 0
  float* out = nullptr;            // [rows, columns]
  int64_t out_row = 0;
  Activation activation = Activation::kNone;
};

inline constexpr int64_t kTileRows = 21 * kRowStep;  // at most

// On the calling thread.
void run_linear_tile(const LinearTile& tile);

}  // namespace maas
