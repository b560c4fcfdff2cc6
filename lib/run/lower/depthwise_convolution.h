// The operator of lowered graphs for a convolution of each channel with a kernel of its own
#pragma once

#include <ATen/core/Tensor.h>

namespace maas {

constexpr const char* kDepthwiseConvolution = "maas::depthwise_convolution";
constexpr int64_t kFewestDepthwise = 16;  // channels that it takes

// Registers with libtorch's dispatcher, once a process; thread-safe. Not on the allow-list: a file
// that names it is refused.
//
//   maas::depthwise_convolution(Tensor x, Tensor weight, Tensor? bias, Tensor? other, int[] stride,
//                               int[] padding, int[] dilation, str activation) -> Tensor
//     activation(conv2d(x, w, bias) + other) with as many groups as channels: x float32
//     [B, C, H, W] of at least kFewestDepthwise channels, any layout; weight
//     pack_depthwise(w [C, 1, height, width]); bias float32 [C]; other as the result; activation as
//     activation_named() takes it. Gives float32 [B, C, H', W'], channels last. Rows of the result
//     are shared among threads. c10::Error for sizes that do not fit.
void register_depthwise_convolution();

// [C, 1, height, width] -> [height, width, C]
at::Tensor pack_depthwise(const at::Tensor& weight);

}  // namespace maas
