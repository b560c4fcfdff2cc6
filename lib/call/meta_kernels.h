// Shape rules for operators whose rules PyTorch keeps in Python.
#pragma once

namespace maas {

// Registers Meta kernels for convolution, batch_norm, index_select, where, ... with libtorch's
// dispatcher, once per process. Thread-safe. Operators that still lack one are evaluated on zeros
// (infer.cpp).
void register_meta_kernels();

}  // namespace maas
