// What a two-dimensional convolution slides over its input by
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace maas {

struct ConvolutionWindow {  // a number for height and width each
  std::vector<int64_t> padding, stride, dilation;
  int64_t groups = 1;
};

constexpr const char* kOnednnConvolution = "mkldnn::_convolution_pointwise";
bool has_onednn_convolutions();  // libtorch comes with it

// A weight [out, in / groups, height, width], float32 or bfloat16, as oneDNN likes it for inputs of
// these sizes [B, C, H, W]. Only where has_onednn_convolutions().
at::Tensor pack_convolution_weight(const at::Tensor& weight, const ConvolutionWindow& window,
                                   const std::vector<int64_t>& sizes);

// oneDNN's convolution with such a weight, no bias and no activation.
at::Tensor convolve_by_onednn(const at::Tensor& x, const at::Tensor& packed,
                              const ConvolutionWindow& window);

}  // namespace maas
