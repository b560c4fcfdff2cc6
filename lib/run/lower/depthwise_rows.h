// Rows of pictures convolved, each channel with a kernel of its own, over spans of memory
#pragma once

#include "run/lower/activation.h"
#include "run/lower/packed_convolution.h"

namespace maas {

struct DepthwiseRows {
  const float* x = nullptr;  // [B, height, width, channels]
  int64_t channels = 0;      // at least kFewestDepthwise (depthwise_convolution.h)
  int64_t height = 0, width = 0, out_height = 0, out_width = 0;
  WindowSizes window;
  const float* weight = nullptr;  // [kernel height, kernel width, channels]
  const float* bias = nullptr;    // [channels]; nullptr = 0
  const float* other = nullptr;   // as out; nullptr = 0
  float* out = nullptr;           // [B, out_height, out_width, channels]
  Activation activation = Activation::kNone;
};

// Rows `begin` to `end` of the B x out_height that there are, on the calling thread.
void run_depthwise_rows(const DepthwiseRows& rows, int64_t begin, int64_t end);

}  // namespace maas
