// A weight as 8-bit integers with a scale per output channel
#pragma once

#include <ATen/core/Tensor.h>

namespace maas {

struct Int8Weight {
  at::Tensor values;  // int8 [O, ...], -127..127
  at::Tensor scale;   // float32 [O, 1, ...]; 1 for a channel of zeros
};

// weight: float32 [O, ...], finite. scale = max|w| / 127 in each channel, values rounded to the
// nearest, so no weight moves by more than half its channel's scale.
Int8Weight int8_weight(const at::Tensor& weight);

// 10 log10(sum w^2 / sum (w - w')^2) in decibels; infinity where nothing changed.
double signal_to_noise(const at::Tensor& weight, const at::Tensor& changed);

}  // namespace maas
