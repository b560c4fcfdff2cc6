// The messages of an ONNX file, as onnx.proto names them: model, graph, node, attribute, tensor
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace maas {

// TensorProto. Read from a file: `raw` is a view of its bytes, or the numbers stand in one of the
// lists, or `external` says where they lie. To be written: `values` is set.
struct OnnxTensor {
  std::string name;
  int32_t type = 0;  // TensorProto.DataType
  std::vector<int64_t> dims;
  std::optional<std::string_view> raw;
  std::vector<float> floats;
  std::vector<int64_t> integers;  // int32_data, int64_data, uint64_data
  std::vector<double> doubles;
  std::map<std::string, std::string> external;  // external_data
  bool is_external = false;
  at::Tensor values;
};

struct OnnxAttribute {
  std::string name;
  // None: of a kind that maas does not read (a graph, a sparse tensor, a type).
  std::variant<std::monostate, float, int64_t, std::string, OnnxTensor, std::vector<float>,
               std::vector<int64_t>, std::vector<std::string>>
      value;
};

struct OnnxNode {
  std::string name, op, domain;
  std::vector<std::string> inputs, outputs;  // "" = left out
  std::vector<OnnxAttribute> attributes;

  const OnnxAttribute* find(std::string_view attribute) const;
};

struct OnnxDim {
  std::optional<int64_t> size;  // dim_value
  std::string symbol;           // dim_param; "" = none
};

// ValueInfoProto of a tensor.
struct OnnxValueInfo {
  std::string name;
  int32_t type = 0;  // TensorProto.DataType; 0 = not said, or no tensor
  std::optional<std::vector<OnnxDim>> shape;
};

struct OnnxGraph {
  std::string name;
  std::vector<OnnxNode> nodes;
  std::vector<OnnxTensor> initializers;
  std::vector<OnnxValueInfo> inputs, outputs;
};

struct OnnxModel {
  int64_t ir_version = 0;
  int64_t opset = 0;  // of the default domain; 0 = not said
  std::string producer, producer_version;
  OnnxGraph graph;
  std::map<std::string, std::string> metadata;
};

// Metadata of maas: the admissible values of a symbol, "maas.range.s0" = "1..64", "2..", "..".
inline constexpr const char* kRangeKey = "maas.range.";

// Decodes a ModelProto. `bytes` must outlive the result, `where` names the file. Subgraphs are not
// entered and sparse tensors not read. Throws Error{kInput} naming the file and the node or tensor
// for whatever is no ModelProto (wire.h), a graph or a value that is given twice, or more than a
// million nodes, tensors or attributes.
OnnxModel decode_onnx(std::string_view bytes, const std::string& where);

// element type <-> TensorProto.DataType; nullopt for those that the other side does not have.
std::optional<at::ScalarType> dtype_from_onnx(int32_t type);
std::optional<int32_t> dtype_to_onnx(at::ScalarType dtype);

}  // namespace maas
