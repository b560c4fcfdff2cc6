// Rows of a tensor by index, on the calling thread alone.
#pragma once

#include <ATen/core/Tensor.h>

namespace maas {

// source: contiguous [N, ...]; index: contiguous int64 [B], each in [0, N) (checked). New memory.
// Plain copying instead of index_select: a prefetch thread must not start a second OpenMP pool.
at::Tensor gather_rows(const at::Tensor& source, const at::Tensor& index);

}  // namespace maas
