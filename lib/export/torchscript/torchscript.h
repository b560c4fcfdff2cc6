// A Program as TorchScript, which Python's torch.jit.load and libtorch's C++ programs run
#pragma once

#include "export/format.h"

namespace maas {

// Node by node the same operators with the same arguments; sizes that the graph computes stay
// computed. Parameters and buffers are attributes of nested modules, as their names say
// ("layer1.0.conv1.weight"); characters that Python has not in names become "_", and a name that
// two would have gets one more. Assertions are left out. Several outputs come as one flat tuple.
// Throws Error{kUsage} naming node and operator for what TorchScript has not.
void write_torchscript(const Model& model, const std::filesystem::path& path,
                       const FormatOptions& options);

// Runs the file as code: only one that was just written.
Forward reopen_torchscript(const std::filesystem::path& path, const Program& original);

}  // namespace maas
