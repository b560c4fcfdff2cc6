// The IDX format (LeCun's MNIST page): 00 00, type, rank, rank big-endian uint32 sizes, the bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

namespace maas {

// Unsigned bytes of rank lowest..highest as uint8 [sizes...], every size >= 1 but the first, which
// may be 0. `bytes` may be gzipped. Throws Error{kInput} naming `name` and the byte offset: wrong
// magic, type or rank, more data announced than present (checked before allocating), more present
// than announced, at most 2^36 bytes.
struct IdxRank {
  int lowest = 1, highest = 1;
};
at::Tensor decode_idx(std::string_view bytes, const std::string& name, IdxRank rank);

}  // namespace maas
