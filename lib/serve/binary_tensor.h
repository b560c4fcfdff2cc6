// Tensors as bytes in a request or an answer: row-major, little-endian, without gaps (Triton's
// extension "binary tensor data" of the Open Inference Protocol).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>
#include <vector>

namespace maas {

// A view of `bytes` where they lie aligned for the type, else a copy: `bytes` outlive the tensor.
// `shape` has passed checked_element_count(). Throws Error{kInput} naming the input: another number
// of bytes than shape and dtype make, a BOOL that is neither 0 nor 1.
at::Tensor tensor_from_bytes(std::string_view bytes, at::ScalarType dtype,
                             const std::vector<int64_t>& shape, const std::string& name);

// Appends the values of a CPU tensor; returns how many bytes.
size_t append_bytes(std::string& out, const at::Tensor& tensor);

}  // namespace maas
