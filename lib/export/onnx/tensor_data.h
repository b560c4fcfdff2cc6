// The numbers of an ONNX tensor: in the file, or in a file of external data beside it
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "base/files.h"
#include "export/onnx/model_proto.h"

namespace maas {

// Reads tensors of one model file. Files of external data are mapped once each and kept open while
// this lives; they must be regular files in the model's own folder or one below it: no absolute
// path, no "..", no link on the way.
class OnnxTensorData {
 public:
  // `model` is the path of the ONNX file, which names messages and the folder.
  explicit OnnxTensorData(std::filesystem::path model);

  // A tensor of its own memory. Throws Error{kInput} naming file and tensor when the element type
  // is one that libtorch lacks, a size is negative, or the numbers are not as many as the shape
  // says; asked before anything is allocated. `limit` bounds the bytes: Error{kResources}.
  at::Tensor read(const OnnxTensor& tensor, int64_t limit) const;

 private:
  std::string_view external_bytes(const OnnxTensor& tensor, uint64_t wanted,
                                  const std::string& where) const;
  const MappedFile& open(const std::string& location, const std::string& where) const;

  std::filesystem::path model_;
  mutable std::map<std::string, std::unique_ptr<MappedFile>> files_;
};

}  // namespace maas
