// Which library is quicker here for a product of matrices: MKL or oneDNN?
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "run/kernel_times.h"

namespace maas {

struct LinearSizes {  // [rows, in] times [out, in] turned
  int64_t rows = 1, in = 1, out = 1;
  bool bias = false;
};

// How the operands of a product lie in memory.
enum class LinearForm {
  kPacked,       // rows whole; the weight made ready before
  kPlain,        // rows whole; the weight as it is stored, [out, in]
  kPlainTurned,  // rows whole; the weight stored as [in, out]
  kBothTurned    // both operands stored the other way: a weight's gradient
};

// Times float32 products by running them, with fewer rows where they are much work. False where
// libtorch comes without oneDNN's operator, or a size is 0.
bool onednn_wins(KernelRace& race, LinearForm form, const LinearSizes& sizes);

// A weight [out, in] as oneDNN likes it for products of so many rows.
at::Tensor pack_linear_weight(const at::Tensor& weight, int64_t rows);

}  // namespace maas
