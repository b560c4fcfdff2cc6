// The tensors of a PT2 archive: weights and constants.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "program/program.h"
#include "tensor/archive.h"
#include "tensor/json_view.h"

namespace maas {

// A TensorMeta as the schema has it. Sizes may be symbolic in graphs, never in weights.
struct TensorMeta {
  at::ScalarType dtype = at::kFloat;
  std::vector<Dim> sizes, strides;
  int64_t storage_offset = 0;
  bool requires_grad = false;
};
TensorMeta read_tensor_meta(const JsonView& json, const std::string& where);
Dim read_dim(const JsonView& json, const std::string& where);

// name -> tensor of data/weights or data/constants (`folder`), listed by `config_record`. Empty
// when there is no such record. Tensors are read-only views of the mapped file.
std::map<std::string, at::Tensor> read_pt2_tensors(const ArchiveReader& archive,
                                                   const std::string& folder,
                                                   const std::string& config_record);

// Gives the program, as models/<model>.json describes it, its parameters, buffers and constants.
// Throws Error{kInput} for one that the archive does not have.
void attach_pt2_tensors(Program& program, const ArchiveReader& archive, const std::string& model);

}  // namespace maas
