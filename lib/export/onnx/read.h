// ONNX file -> Program
#pragma once

#include <filesystem>

#include "export/onnx/model_proto.h"
#include "program/program.h"

namespace maas {

inline constexpr int64_t kLowestReadOpset = 13, kHighestReadOpset = 25;

// Reads the operators that write_onnx() writes, in the forms that other exporters give them, too:
// products of constant weights become aten::linear, sums of shapes sizes of the graph, int8 weights
// and roundings the stored form of program/quantized_form.h. Inputs, outputs and initializers keep
// their names; floats become parameters, statistics, integers and scales buffers. Dynamic
// dimensions become symbols, of the name that the file gives them where it is an identifier.
// Throws Error{kInput} naming file and node or tensor: for what decode_onnx() and OnnxTensorData
// refuse; operators of other domains, without a row (reader.h) or in a form that has none; values
// read before they are made (a cycle) or made twice; shapes that do not fit; more tensors than
// memory holds. The result is not yet verified (call/verify.h).
Program read_onnx(const std::filesystem::path& path);

// The same of a model in memory; `path` names it in messages and the folder of external data.
Program from_onnx(const OnnxModel& model, const std::filesystem::path& path);

}  // namespace maas
