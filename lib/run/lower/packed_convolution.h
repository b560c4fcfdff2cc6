// The operator of lowered graphs for a convolution by our own product of packed columns
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <vector>

namespace maas {

constexpr const char* kPackedConvolution = "maas::packed_convolution";

// Registers with libtorch's dispatcher, once a process; thread-safe. Not on the allow-list: a file
// that names it is refused.
//
//   maas::packed_convolution(Tensor x, Tensor weight, Tensor? bias, Tensor? other, int[] kernel,
//                            int[] stride, int[] padding, int[] dilation, int columns,
//                            str activation, Tensor? x_norm, str x_activation) -> Tensor
//     activation(conv2d(x, w, bias) + other) of one group: x float32 [B, C, H, W], any layout;
//     weight pack_convolution_columns(w); bias float32 [columns]; other as the result; activation
//     as activation_named() takes it. x_norm is float32 [3, C]: x is x_activation((x - x_norm[0])
//     x_norm[1] + x_norm[2]) then, of a channel each, for kernels of one place without padding;
//     x_activation is one of limits_of(). Gives float32 [B, columns, H', W'], channels last. The
//     input is read where it lies, a row of the product for each place of the result (Dukhan 2019,
//     "The Indirect Convolution Algorithm"). Tiles are shared among threads. c10::Error for sizes
//     that do not fit.
void register_packed_convolution();

// [out, in, height, width] -> pack_columns() (packed_product.h) of [out, height x width x in].
at::Tensor pack_convolution_columns(const at::Tensor& weight);

// Sizes of a convolution's result, [B, `channels`, H', W']. c10::Error where there is no place for
// the kernel, and for numbers that cannot be: kernel, stride and dilation are at least 1, padding
// at least 0.
struct WindowSizes {
  using Pair = std::array<int64_t, 2>;  // for height and width
  Pair kernel, stride, padding, dilation;
};
WindowSizes::Pair pair_of(at::IntArrayRef numbers);  // c10::Error unless they are two
std::vector<int64_t> sizes_of_result(const at::Tensor& x, const WindowSizes& window,
                                     int64_t channels);

}  // namespace maas
