// Categories and pieces of texts shown as unknown while a model learns.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace maas {

// indices: int64 [B, C] of categories, 0 = unknown, or of pieces of texts, 0 = nothing; the result
// has each value as 0 with the probability `share`, in new memory, decided by `seed` alone. So
// index 0, which no training row has by itself, comes to stand for what is known without the
// column.
at::Tensor hidden_indices(const at::Tensor& indices, double share, uint64_t seed);

}  // namespace maas
