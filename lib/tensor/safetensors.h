// Named tensors in one file, in the safetensors format: u64 little-endian header size, JSON header
// {name: {dtype, shape, data_offsets}}, raw bytes. (github.com/huggingface/safetensors, README.)
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace maas {

using TensorMap = std::map<std::string, at::Tensor>;

// Writes the file in place (callers rename); same map, same bytes. Throws Error{kResources} when
// the disk refuses, Error{kInternal} for a dtype that the format lacks.
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors);

// Reads all tensors, copied out of the file. Throws Error{kInput} naming file and tensor for: a
// header over 100 MB or past the end, not JSON, an unknown dtype, offsets that overlap, leave
// holes, run backwards or past the end, a shape whose bytes differ from its offsets, two tensors of
// one name.
TensorMap read_safetensors(const std::filesystem::path& path);

}  // namespace maas
