// A model's weights by name, without its graph
#pragma once

#include "export/format.h"

namespace maas {

// Parameters, buffers and constants that the graph reads, by the names that they have in it:
// Python's safetensors.torch.load_file gives a state_dict.
void write_safetensors_file(const Model& model, const std::filesystem::path& path,
                            const FormatOptions& options);

// The original's graph over the file's tensors. Throws Error{kRequirement} naming the tensor that
// is not there, has another shape or dtype, or any other bit.
Forward reopen_safetensors_file(const std::filesystem::path& path, const Program& original);

}  // namespace maas
