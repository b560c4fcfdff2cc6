// ONNX as a row of the table of formats
#pragma once

#include "export/format.h"

namespace maas {

// As write_onnx() and read_onnx() say; the opset is FormatOptions::opset.
void write_onnx_file(const Model& model, const std::filesystem::path& path,
                     const FormatOptions& options);
// Verified before it runs.
Forward reopen_onnx_file(const std::filesystem::path& path, const Program& original);

}  // namespace maas
