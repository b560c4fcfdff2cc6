// Element types and their spellings in the formats that maas reads and writes.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <string_view>

namespace maas {

// "f32", "bf16", "f64", "f16", "i8".."i64", "u8".."u64", "bool"; others by c10's own name.
std::string dtype_name(at::ScalarType dtype);

// torch.export's own numbering (schema.py of torch 2.13), which is not c10's: float = 7.
// nullopt for numbers or types that maas does not handle (complex, quantized, float8).
std::optional<at::ScalarType> dtype_from_export(int64_t number);
std::optional<int64_t> dtype_to_export(at::ScalarType dtype);

// Open Inference Protocol datatypes: "FP32", "UINT8", ...
std::optional<at::ScalarType> dtype_from_protocol(std::string_view name);
std::optional<std::string_view> dtype_to_protocol(at::ScalarType dtype);

// safetensors' names: "F32", "I64", "BF16", "BOOL", ...
std::optional<at::ScalarType> dtype_from_safetensors(std::string_view name);
std::optional<std::string> dtype_to_safetensors(at::ScalarType dtype);

// Bytes of a dense tensor of these sizes; nullopt when a size is negative or the bytes (strides,
// for an empty one) do not fit 63 bits.
std::optional<uint64_t> dense_bytes(at::ScalarType dtype, at::IntArrayRef sizes);

}  // namespace maas
