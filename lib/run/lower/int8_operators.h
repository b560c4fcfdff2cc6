// Operators of lowered graphs that work on small integers, under the namespace `maas::`
#pragma once

namespace maas {

// Registers with libtorch's dispatcher, once a process; thread-safe. None is on the allow-list:
// a file that names one is refused. Integers of 0..255 stand for (q - zero_point) * scale.
//
//   maas::quantize(Tensor x, float scale, int zero_point, bool channels_last=False) -> Tensor
//     float32 -> uint8; channels_last: [N, C, H, W] in any layout -> that layout
//   maas::dequantize(Tensor q, float scale, int zero_point) -> Tensor
//   maas::fake_quantize(Tensor x, float scale, int zero_point) -> Tensor
//     both float32, in the layout of what they get; the bits of
//     aten::fake_quantize_per_tensor_affine(x, scale, zero_point, 0, 255)
//   maas::max_pool2d(Tensor q, int[2] kernel_size, int[2] stride, int[2] padding,
//                    int[2] dilation, bool ceil_mode) -> Tensor
//     uint8 [N, C, H, W], channels-last out
//   maas::quantized_linear(Tensor q, Tensor weight, Tensor correction, Tensor scale, Tensor? bias,
//                          float low, float high, float out_scale, int out_zero_point,
//                          bool quantized) -> Tensor
//     uint8 [.., K] times int8 [K, O] through aten::_int_mm; less correction int32 [O], times
//     scale float32 [O], plus bias, clamped; float32 [.., O], or uint8 on the grid of out_*
//   maas::token_quantized_linear(Tensor x, Tensor weight, Tensor scale, Tensor? bias, float low,
//                                float high) -> Tensor
//     float32 [.., K], each row rounded to int8 by its own largest value -> float32 [.., O]
//   maas::token_fake_quantize(Tensor x) -> Tensor
//     the same rounding of float32 rows, given back in float32
void register_int8_operators();

}  // namespace maas
