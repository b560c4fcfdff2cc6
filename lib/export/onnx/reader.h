// An ONNX graph being read as a Program: what the rows of operators work with
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "call/rewriter.h"
#include "export/onnx/model_proto.h"
#include "export/onnx/tensor_data.h"
#include "program/program.h"

namespace maas {

class OnnxReader;

// How one operator of ONNX is read. A form that cannot be is refused with OnnxReader::refuse().
struct ReaderRow {
  const char* op;  // as ONNX spells it
  void (*read)(OnnxReader&, const OnnxNode&);
};

// The tables, a concern each.
std::span<const ReaderRow> onnx_layer_readers();
std::span<const ReaderRow> onnx_product_readers();
std::span<const ReaderRow> onnx_elementwise_readers();
std::span<const ReaderRow> onnx_reduction_readers();
std::span<const ReaderRow> onnx_shape_readers();
std::span<const ReaderRow> onnx_indexing_readers();
std::span<const ReaderRow> onnx_creation_readers();
std::span<const ReaderRow> onnx_quantized_readers();
const ReaderRow* find_onnx_reader(const std::string& op);  // nullptr: none

// A vector (or a number) of sizes: what Shape gives and arithmetic makes of it.
struct SizeList {
  std::vector<IntOrValue> items;
  bool is_scalar = false;
};

// x turned into integers, waiting for the node that turns it back.
struct Rounded {
  ValueId x = kNoValue;
  double scale = 1;
  int64_t zero_point = 0;
  at::ScalarType dtype = at::kByte;
};

// x times the transpose of a weight, waiting for a bias.
struct Product {
  ValueId x = kNoValue, weight = kNoValue;
};

// What stands behind a name; one of these, and the value once somebody needed it as a tensor.
struct OnnxValue {
  ValueId id = kNoValue;
  at::Tensor constant;
  std::optional<SizeList> sizes;
  std::optional<Rounded> rounded;
  std::optional<Product> product;
  std::string transposed;  // this is that value with its two dimensions swapped
};

// One thread; owns what it reads into.
class OnnxReader {
 public:
  OnnxReader(const OnnxModel& model, std::filesystem::path path);

  Program read();
  int64_t opset() const { return model_.opset; }

  // Inputs of a node. A tensor must be there; `has` tells whether it is.
  bool has(const OnnxNode& node, size_t index) const;
  ValueId tensor(const OnnxNode& node, size_t index);
  Argument tensor_or_none(const OnnxNode& node, size_t index);
  const OnnxValue* look(const OnnxNode& node, size_t index) const;  // nullptr: left out
  std::optional<at::Tensor> constant(const OnnxNode& node, size_t index) const;
  std::optional<double> scalar(const OnnxNode& node, size_t index) const;  // a constant number
  std::optional<SizeList> sizes(const OnnxNode& node, size_t index) const;
  IntList size_list(const OnnxNode& node, size_t index) const;              // or refused
  std::vector<int64_t> integers(const OnnxNode& node, size_t index) const;  // constant, or refused
  ValueId buffer(const OnnxNode& node, size_t index);  // a constant that no training changes
  bool is_read_once(const std::string& name) const;
  const OnnxNode* only_reader(const std::string& name) const;

  // Attributes.
  int64_t integer(const OnnxNode& node, const char* name, int64_t otherwise) const;
  double real(const OnnxNode& node, const char* name, double otherwise) const;
  std::string text(const OnnxNode& node, const char* name, const std::string& otherwise) const;
  std::optional<std::vector<int64_t>> list(const OnnxNode& node, const char* name) const;

  // New nodes.
  ValueId call(const std::string& op, const std::vector<Operand>& operands);
  std::vector<ValueId> call_many(const std::string& op, const std::vector<Operand>& operands,
                                 size_t count);
  const Value& value(ValueId id) const { return rewriter_.program().value(id); }
  IntOrValue size_of(ValueId tensor, int64_t dim);  // a number where it is one
  ValueId add_constant(const std::string& name, const at::Tensor& tensor);
  // A parameter or buffer of a changed weight under its old name, which nothing else may use.
  ValueId add_parameter(const std::string& name, const at::Tensor& tensor);
  ValueId add_named_buffer(const std::string& name, const at::Tensor& tensor);

  // Results of a node.
  void give(const OnnxNode& node, ValueId id, size_t index = 0);
  void give_constant(const OnnxNode& node, const at::Tensor& tensor);
  void give_sizes(const OnnxNode& node, SizeList sizes);
  void give_value(const OnnxNode& node, OnnxValue value);
  void give_same(const OnnxNode& node);  // as input 0

  [[noreturn]] void refuse(const OnnxNode& node, const std::string& what,
                           const std::string& expected) const;
  std::string place(const OnnxNode& node) const;

 private:
  static Program inputs_of(const OnnxModel& model, const std::filesystem::path& path);
  void read_tensors();
  void read_outputs();
  void define(const OnnxNode& node, size_t index, OnnxValue value);
  ValueId id_of(const std::string& name);
  ValueId as_tensor(const SizeList& sizes);
  ValueId as_integers(const Rounded& rounded);

  const OnnxModel& model_;
  std::filesystem::path path_;
  OnnxTensorData data_;
  Rewriter rewriter_;
  std::map<std::string, OnnxValue> values_;
  std::map<std::string, std::vector<const OnnxNode*>> readers_;
  std::set<std::string> outputs_;
  std::map<std::string, ValueId> size_values_;  // "tensor:dim" -> its sym_size
};

// Counted from the front, or refused.
int64_t front_dim(const OnnxReader& r, const OnnxNode& node, int64_t dim, size_t rank);
size_t rank_of(const OnnxReader& r, ValueId id);
Operand self(ValueId id);
Operand reference(const char* name, ValueId id);

}  // namespace maas
