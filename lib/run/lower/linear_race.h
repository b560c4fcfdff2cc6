// Which kernel is quickest here for a product of matrices: MKL's, oneDNN's or our own?
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "run/kernel_times.h"

namespace maas {

struct LinearSizes {  // [rows, in] times [out, in] turned
  int64_t rows = 1, in = 1, out = 1;
  bool bias = false;
};

enum class LinearKernel {
  kMkl,
  kOnednn,
  kPacked  // run/lower/packed_linear.h; for LinearForm::kReady only
};

const char* kernel_name(LinearKernel kernel);  // as MAAS_KERNELS takes it

// How the operands of a product lie in memory.
enum class LinearForm {
  kReady,        // rows whole; the weight packed before
  kPlain,        // rows whole; the weight as it is stored, [out, in]
  kPlainTurned,  // rows whole; the weight stored as [in, out]
  kBothTurned    // both operands stored the other way: a weight's gradient
};

// Times float32 products by running them, with fewer rows where they are much work. kMkl where a
// size is 0; never kOnednn where libtorch comes without its operators.
LinearKernel quickest_linear(KernelRace& race, LinearForm form, const LinearSizes& sizes);

// Whether the product, with a weight made ready before and numbers turned into bfloat16 and back in
// every call, is quicker than by the float32 kernel that wins. Only where oneDNN computes bfloat16
// (run/bf16_layers.h, can_compute_bf16()).
bool bf16_is_quicker(KernelRace& race, const LinearSizes& sizes);

// A weight [out, in] as oneDNN likes it for products of so many rows.
at::Tensor pack_linear_weight(const at::Tensor& weight, int64_t rows);

}  // namespace maas
