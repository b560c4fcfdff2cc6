// Named tensors in one file, in the safetensors format: u64 little-endian header size, JSON header
// {name: {dtype, shape, data_offsets}}, raw bytes. (github.com/huggingface/safetensors, README.)
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace maas {

using TensorMap = std::map<std::string, at::Tensor>;

// Writes the file in place (callers rename); same map, same bytes. Tensors lie by falling element
// size, so each is aligned. Throws Error{kResources} when the disk refuses, Error{kInternal} for a
// dtype that the format lacks.
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors);

// Reads all tensors, copied out of the file. Throws Error{kInput} naming file and tensor for: a
// header that is empty, over 100 MB or past the end, does not start with "{", is no JSON or UTF-8,
// names 100,000 tensors or one of them twice; an unknown dtype; offsets that overlap, leave holes,
// run backwards or past the end, or are no multiple of the element size; a shape whose bytes
// overflow or differ from its offsets; metadata that are no strings. Nothing is allocated by a size
// that the file only claims.
TensorMap read_safetensors(const std::filesystem::path& path);

}  // namespace maas
