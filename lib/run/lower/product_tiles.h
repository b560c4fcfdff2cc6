// A whole linear layer or convolution, its tiles shared among threads
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/FunctionRef.h>

#include "run/lower/activation.h"

namespace maas {

// Where the pieces of `count` rows lie from `row` on: `to` is [taps, count] (packed_product.h).
// From many threads at once.
using RowPlaces = c10::function_ref<void(int64_t row, int64_t count, const float** to)>;

// out = activation(x w scale + bias + other), float32
struct ProductTiles {
  int64_t rows = 0, taps = 1, width = 0, columns = 0;
  at::Tensor weight;                 // [packed_blocks(columns), taps x width, kWeightBlock],
                                     // float32 or int8
  at::Tensor scale = {}, bias = {};  // [columns]; undefined = 1 and 0
  const float* other = nullptr;      // [rows, columns]; nullptr = 0
  float* out = nullptr;              // [rows, columns]
  Activation activation = Activation::kNone;
};

// Of a float32 tensor; nullptr of an undefined one.
const float* span_of(const at::Tensor& tensor);

// c10::Error for a weight, scale or bias of another size or dtype.
void run_product_tiles(const ProductTiles& product, RowPlaces places);

}  // namespace maas
