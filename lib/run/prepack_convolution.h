// Convolutions through oneDNN with weights packed once.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "program/program.h"

namespace maas {

// Every float32 conv2d whose weight is known becomes mkldnn::_convolution_pointwise with a packed
// weight. Needs a libtorch with oneDNN, otherwise returns the program as it is.
Program prepack_convolution(Program program);

// Makes the inputs of packed convolutions channels-last, the layout in which oneDNN is quickest;
// costs nothing where another packed convolution made them.
Program put_channels_last(Program program);

// What a two-dimensional convolution slides over its input by: a number for height and width each.
struct ConvolutionWindow {
  std::vector<int64_t> padding, stride, dilation;
  int64_t groups = 1;
};

// Of an aten::conv2d or of oneDNN's convolution; nullopt where a number is symbolic or a word.
std::optional<ConvolutionWindow> window_of(const Node& convolution);

// A weight [out, in / groups, height, width], float32 or bfloat16, as oneDNN likes it for inputs of
// these sizes [B, C, H, W]. Only where libtorch has oneDNN's operators.
at::Tensor pack_convolution_weight(const at::Tensor& weight, const ConvolutionWindow& window,
                                   const std::vector<int64_t>& sizes);

}  // namespace maas
