// Shape rules for operators whose rules PyTorch keeps in Python.
#pragma once

#include <string>
#include <vector>

#include "program/operator_concern.h"

namespace maas {

// Registers Meta kernels for convolution, batch_norm, index_select, where, ... with libtorch's
// dispatcher, once per process. Thread-safe. Operators that still lack one are evaluated on zeros
// (infer.cpp).
void register_meta_kernels();

// Their full names, "aten::where.self"; registers them.
const std::vector<std::string>& meta_kernel_names();

// A column of `maas inspect --operators`: "libtorch", "maas", or both with the overloads between
// them; "" when no overload has a shape rule.
OperatorConcern shape_rule_concern();

}  // namespace maas
