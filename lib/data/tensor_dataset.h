// Samples that lie in memory as tensors.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "data/dataset.h"

namespace maas {

// inputs: each contiguous [N, ...] as spec.input says; targets: contiguous [N] or [N, L].
struct TensorSamples {
  std::vector<at::Tensor> inputs;
  at::Tensor targets;
  DataSpec spec;
  std::function<std::string(int64_t)> name_of;
  std::vector<MissingValues> missing = {};
  std::vector<std::string> texts = {};  // text_of() each row; empty = none
};
std::shared_ptr<const Dataset> tensor_dataset(TensorSamples samples);

// Per channel mean and standard deviation of pixels / 255 over the rows `index`, exact up to
// rounding; one of zero (one colour everywhere) is given as 1. images: uint8 [N, C, H, W]; writes
// spec.mean and spec.std_dev.
void measure_channels(const at::Tensor& images, const at::Tensor& index, InputSpec& spec);

// The same from per-channel sums over `pixels` pixels.
struct ChannelSums {
  double sum = 0, squares = 0;  // of pixel values 0..255
};
void set_channel_statistics(const std::vector<ChannelSums>& sums, double pixels, InputSpec& spec);

}  // namespace maas
