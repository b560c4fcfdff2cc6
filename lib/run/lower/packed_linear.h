// The operator of lowered graphs for a linear layer whose weight's columns are packed in blocks
#pragma once

#include "program/program.h"

namespace maas {

// Registers with libtorch's dispatcher, once a process; thread-safe. Not on the allow-list: a file
// that names it is refused.
//
//   maas::packed_linear(Tensor x, Tensor weight, Tensor? scale, Tensor? bias, Tensor? other,
//                       int columns, str activation) -> Tensor
//     activation(x w scale + bias + other): x float32 [.., in], any layout; weight
//     pack_columns(w [columns, in]) (packed_product.h) in float32 or int8; scale and bias
//     float32 [columns]; other float32 [.., columns]; activation as activation_named() takes it.
//     Gives float32 [.., columns]. Tiles of rows and columns are shared among threads. c10::Error
//     for sizes that do not fit.
void register_packed_linear();

constexpr const char* kPackedLinear = "maas::packed_linear";

// Whether the linear's bias is None or a float32 vector of `columns`: libtorch would stretch
// others, and numbers.
bool has_own_bias(const Program& program, const Node& linear, int64_t columns);

// The operator in the place of `linear`, without results; `scale` may be kNoValue.
struct PackedWeight {
  ValueId weight = kNoValue, scale = kNoValue;
};
Node packed_linear_node(const Node& linear, const PackedWeight& packed, int64_t columns);

}  // namespace maas
