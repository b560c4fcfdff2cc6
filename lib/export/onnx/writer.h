// A Program being written as an ONNX graph: what the rows of operators work with
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "export/onnx/model_proto.h"
#include "program/program.h"

namespace maas {

class OnnxWriter;

// How one operator is written; `op` as in "aten::linear", for all its overloads.
struct OperatorRow {
  const char* op;
  // false: this form of the operator (an overload, an argument) has no counterpart.
  bool (*write)(OnnxWriter&, const Node&);
  const char* loses;  // what the file does not keep of it; nullptr = nothing
};

// The tables, a concern each.
std::span<const OperatorRow> onnx_layer_rows();
std::span<const OperatorRow> onnx_product_rows();
std::span<const OperatorRow> onnx_elementwise_rows();
std::span<const OperatorRow> onnx_activation_rows();
std::span<const OperatorRow> onnx_reduction_rows();
std::span<const OperatorRow> onnx_shape_rows();
std::span<const OperatorRow> onnx_indexing_rows();
std::span<const OperatorRow> onnx_creation_rows();
std::span<const OperatorRow> onnx_quantized_rows();
const OperatorRow* find_onnx_row(const std::string& op);  // nullptr: none

// Names of ONNX values are strings here: what emit() returns goes in as an input. A size of the
// graph (a symbolic number) is an int64 tensor [1]. One thread; views the program.
class OnnxWriter {
 public:
  OnnxWriter(const Program& program, int64_t opset);

  // The whole model. Throws Error{kUsage} naming node, operator and format for an operator that
  // has no row, or a form of it that has no counterpart.
  OnnxModel write();

  const Program& program() const { return program_; }
  int64_t opset() const { return opset_; }

  // Values of the program.
  const std::string& name_of(ValueId id);
  std::string operand(const Node& node, const std::string& argument);  // "" = None or left out
  const Value* value_of(const Node& node, const std::string& argument) const;  // the same: nullptr
  const Value& result_of(const Node& node, size_t index = 0) const;
  bool is_used(const Node& node, size_t index) const;  // does anything read that result?
  bool is_constant(ValueId id) const;                  // a parameter, buffer or constant
  // An argument as a tensor of this type: a tensor converted, a number or a size as a scalar.
  std::string as_type(const Node& node, const std::string& argument, at::ScalarType dtype);

  // New nodes; the result's name, or names.
  std::string emit(const std::string& op, std::vector<std::string> inputs,
                   std::vector<OnnxAttribute> attributes = {});
  std::vector<std::string> emit_many(const std::string& op, std::vector<std::string> inputs,
                                     std::vector<OnnxAttribute> attributes, size_t count);
  // That ONNX value is the node's result. Returns true, for the ends of rows.
  bool give(const Node& node, const std::string& name, size_t index = 0);
  void give_value(ValueId id, const std::string& name);

  // Constants; equal ones are written once.
  std::string constant(const at::Tensor& tensor);
  std::string scalar(double number, at::ScalarType dtype);
  std::string numbers(const std::vector<int64_t>& values);  // int64 [n]
  std::string cast(const std::string& name, at::ScalarType to);
  // A tensor that the program does not have, under this name or one near it: a changed weight.
  std::string weight(const std::string& name, const at::Tensor& tensor);
  // The tensor of a constant value in another form, under its own name where nothing else reads it.
  std::string reformed(ValueId id, const at::Tensor& tensor);

  // Sizes.
  std::string size_of(ValueId tensor, int64_t dim);         // [1]
  std::string size(const IntOrValue& item);                 // [1]
  std::string sizes(const std::vector<IntOrValue>& items);  // [n]
  std::string scalar_of(const std::string& size);           // [1] -> []
  std::vector<IntOrValue> items_of(const Node& node, const std::string& argument) const;

  // The reduction and shape operators' axes: an attribute or an input, as the opset has it.
  std::string emit_reduction(const std::string& op, const std::string& x,
                             const std::vector<int64_t>& axes, int64_t keepdims);

  // A cache for what rows make once a graph; key -> name.
  std::map<std::string, std::string>& made() { return made_; }

 private:
  void name_inputs();
  void write_node(const Node& node);
  void name_outputs();
  void keep_live();
  std::string fresh(const std::string& stem);
  std::string unique(const std::string& wanted);
  [[noreturn]] void refuse(const Node& node, bool has_row) const;

  const Program& program_;
  int64_t opset_;
  OnnxModel model_;
  std::map<ValueId, std::string> names_;
  std::vector<int64_t> uses_;
  std::map<std::string, int64_t> taken_;          // names; and the next number behind each
  std::map<std::string, at::Tensor> tensors_;     // by ONNX name: parameters, constants
  std::vector<std::string> tensor_order_;         // their names as they came
  std::map<std::string, std::string> constants_;  // content -> name
  std::map<std::string, std::string> made_;
  std::set<std::string> emitted_;                   // what emit() returned
  std::map<std::string, std::string> final_names_;  // emitted -> as it is written
  std::vector<bool> is_constant_;
  std::string node_name_;  // of what is being written
};

// aten::mul of an int8 weight and its scales (program/quantized_form.h) as one DequantizeLinear;
// false when the node is none.
bool write_quantized_weight(OnnxWriter& w, const Node& node);

// Arguments as rows read them.
OnnxAttribute axis_attribute(int64_t axis);
// Counted from the front; `rank` at least 1.
int64_t from_front(int64_t dim, size_t rank);
std::vector<int64_t> dims_from_front(const std::vector<int64_t>& dims, size_t rank);

}  // namespace maas
