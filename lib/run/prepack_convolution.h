// Convolutions through the quicker library, with weights packed once.
#pragma once

#include <optional>

#include "program/program.h"
#include "run/lower/convolution_window.h"
#include "run/target.h"

namespace maas {

// Every float32 conv2d whose weight is known becomes mkldnn::_convolution_pointwise with a packed
// weight, or our own maas::packed_convolution or maas::depthwise_convolution where that is quicker
// for these sizes (lower/convolution_race.h); for Precision::kBf16 always the first, which
// bf16_layers() takes. Needs a libtorch with oneDNN, otherwise returns the program as it is.
Program prepack_convolution(Program program, const Target& target);

// Makes the inputs of packed convolutions channels-last, the layout in which oneDNN is quickest;
// costs nothing where another packed convolution made them.
Program put_channels_last(Program program);

// Of an aten::conv2d or of oneDNN's convolution; nullopt where a number is symbolic or a word.
std::optional<ConvolutionWindow> window_of(const Node& convolution);

}  // namespace maas
