// Random changes to a batch of training images.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "data/data_config.h"

namespace maas {

// images: uint8 [B, C, H, W], contiguous, on the CPU; the result has the same form, in new memory
// unless there is nothing to do. `seed` decides everything: give hash_seed(run seed, epoch, step).
// The order is fixed, whatever the list's: mirror, rotate, shift and crop as one movement of pixels
// (rotation: one bilinear pass, zero outside; without it whole pixels are moved), then
// cutout, then noise. Of two entries with the same change both are done (shifts and angles add up).
// Runs on the calling thread alone, so that a prefetch thread does not disturb the training step.
// Method: the usual recipe of He et al. 2016 (pad and crop, mirror), DeVries & Taylor 2017
// (cutout).
at::Tensor augment(const at::Tensor& images_uint8_BCHW, const std::vector<AugmentConfig>& changes,
                   uint64_t seed);

// A seed from three numbers, well mixed.
uint64_t hash_seed(uint64_t run_seed, uint64_t epoch, uint64_t step);

}  // namespace maas
