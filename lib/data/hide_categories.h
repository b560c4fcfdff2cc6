// Categories and pieces of texts shown as unknown while a model learns.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace maas {

// categorical: int64 [B, C], 0 = unknown, or the pieces of texts, 0 = nothing; the result has each
// value as 0 with the probability `share`, in new memory, decided by `seed` alone. So index 0,
// which no training row has by itself, comes to stand for what is known without the column.
at::Tensor hidden_categories(const at::Tensor& categorical, double share, uint64_t seed);

}  // namespace maas
