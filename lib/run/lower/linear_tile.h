// A part of a linear layer, over spans of memory
#pragma once

#include "run/lower/packed_product.h"

namespace maas {

enum class TileActivation { kNone, kRelu, kSigmoid, kTanh, kSilu, kGelu };

// One block of columns for some rows: out = activation(x w scale + bias + other)
struct LinearTile {
  const float* x = nullptr;  // [rows, width], rows x_row apart
  int64_t rows = 0, width = 0, x_row = 0;
  const float* weight = nullptr;  // [width, kWeightBlock]; nullptr where it is
  const int8_t* int8_weight = nullptr;
  int64_t columns = kWeightBlock;  // of the block that there are
  const float* scale = nullptr;    // [columns]; nullptr = 1
  const float* bias = nullptr;     // the same; nullptr = 0
  const float* other = nullptr;    // [rows, columns], rows out_row apart; nullptr = 0
  float* out = nullptr;            // [rows, columns]
  int64_t out_row = 0;
  TileActivation activation = TileActivation::kNone;
};

inline constexpr int64_t kTileRows = 128;  // at most

// On the calling thread.
void run_linear_tile(const LinearTile& tile);

}  // namespace maas
