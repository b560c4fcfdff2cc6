// An ONNX model -> the bytes of its file
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "export/onnx/model_proto.h"

namespace maas {

struct OnnxFileOptions {
  // A protobuf message holds no more: beyond, the tensors go into a file of external data beside
  // it.
  uint64_t largest_file = (uint64_t{1} << 31) - 1;
  // The name of that file; "" = the model's with ".data" behind.
  std::string data_name;
};

// Writes `path` in place, tensors without copying them where they are contiguous. Same model, same
// bytes. The tensors' `values` are what counts. Throws Error{kResources} when the disk refuses, and
// Error{kUsage} naming the tensor for an element type that ONNX does not have.
void save_onnx(const OnnxModel& model, const std::filesystem::path& path,
               const OnnxFileOptions& options = {});

}  // namespace maas
