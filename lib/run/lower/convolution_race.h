// Which kernel is quickest here for a convolution: oneDNN's or our own?
#pragma once

#include <cstdint>
#include <vector>

#include "run/kernel_times.h"
#include "run/lower/convolution_window.h"

namespace maas {

struct ConvolutionSizes {
  std::vector<int64_t> input;   // [B, C, H, W]
  std::vector<int64_t> weight;  // [out, C / groups, height, width]
  ConvolutionWindow window;
};

enum class ConvolutionKernel {
  kOnednn,
  kPacked  // run/lower/packed_convolution.h or depthwise_convolution.h
};

// An input [B, C, H, W] like sizes.input, with fewer rows and lower images where one convolution of
// it would take longer than some milliseconds: enough to tell which kernel is quicker.
std::vector<int64_t> timed_input(const ConvolutionSizes& sizes);

// Times float32 convolutions of random numbers, channels last, on timed_input(). kOnednn where our
// own do not fit: several groups that are not the channels, fewer than kFewestDepthwise of these,
// no place for the kernel.
ConvolutionKernel quickest_convolution(KernelRace& race, const ConvolutionSizes& sizes);

}  // namespace maas
