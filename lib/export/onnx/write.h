// Program -> ONNX file
#pragma once

#include <cstdint>
#include <filesystem>

#include "export/onnx/encode.h"
#include "export/onnx/model_proto.h"
#include "program/program.h"

namespace maas {

inline constexpr int64_t kLowestOpset = 17, kHighestOpset = 21;

struct OnnxOptions {
  int64_t opset = 17;  // kLowestOpset to kHighestOpset: 17 has LayerNormalization, 20 Gelu
  OnnxFileOptions file;
};

// The graph in the standard operators of one opset. Inputs, outputs, parameters and buffers keep
// their names, symbolic sizes stay dynamic (dim_param holds the expression), nodes are named after
// the values that they make. An int8 weight with its scales is a DequantizeLinear of an int8
// initializer per axis 0; a fake quantization is QuantizeLinear and DequantizeLinear
// (program/quantized_form.h). The program verifies and is in evaluation mode. Throws Error{kUsage}
// naming node, operator and format for an operator without a row (writer.h), or an opset out of
// range. Tensors are shared with the program.
OnnxModel to_onnx(const Program& program, int64_t opset = 17);

// The same as a file, in place (callers rename); beyond 2 GiB with a file of external data beside
// it. Same program, same bytes. Throws Error{kResources} when the disk refuses.
void write_onnx(const Program& program, const std::filesystem::path& path,
                const OnnxOptions& options = {});

}  // namespace maas
