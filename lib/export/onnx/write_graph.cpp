// The frame of a graph: inputs, nodes in order, outputs, and what of it is needed.
#include <fmt/format.h>

#include <set>
#include <unordered_map>

#include "base/error.h"
#include "base/throw_error.h"
#include "export/onnx/writer.h"
#include "program/rewrite.h"
#include "tensor/dtype.h"

namespace maas {
namespace {

OnnxValueInfo info_of(const std::string& name, const Value& value) {
  OnnxValueInfo info;
  info.name = name;
  const auto type = dtype_to_onnx(value.dtype);
  if (!type) {
    throw_usage(fmt::format("'{}'", name), "elements of type " + dtype_name(value.dtype),
                "a type that ONNX has", "export to another format");
  }
  info.type = *type;
  info.shape.emplace();
  for (const Dim& dim : value.shape) {
    OnnxDim one;
    if (dim.is_symbolic()) {
      one.symbol = dim.expression;
    } else {
      one.size = dim.size;
    }
    info.shape->push_back(one);
  }
  return info;
}

}  // namespace

const OperatorRow* find_onnx_row(const std::string& op) {
  static const auto table = [] {
    std::unordered_map<std::string, const OperatorRow*> all;
    for (const auto rows : {onnx_layer_rows(), onnx_product_rows(), onnx_elementwise_rows(),
                            onnx_activation_rows(), onnx_reduction_rows(), onnx_shape_rows(),
                            onnx_indexing_rows(), onnx_creation_rows(), onnx_quantized_rows()}) {
      for (const OperatorRow& row : rows) all[row.op] = &row;
    }
    return all;
  }();
  const auto found = table.find(op);
  return found == table.end() ? nullptr : found->second;
}

void OnnxWriter::refuse(const Node& node, bool has_row) const {
  throw_usage(fmt::format("node '{}'", node_name_),
              fmt::format("maas does not write {}{} as ONNX", node.full_name(),
                          has_row ? " with these arguments" : ""),
              "operators that the writer knows",
              "export to another format (--format pt2), or write the network without it");
}

void OnnxWriter::name_inputs() {
  for (const GraphOutput& output : program_.outputs) {
    if (output.kind == GraphOutput::Kind::kUser) continue;
    throw_usage(fmt::format("buffer '{}'", output.target), "is changed by every run",
                "a network without state: onnx has none", "export it in evaluation mode");
  }
  // The names that others call come first; nodes get what is left.
  for (const std::string& name : program_.user_output_names) taken_[name] = 0;
  for (const GraphInput& input : program_.inputs) {
    if (input.kind != GraphInput::Kind::kUser || input.value == kNoValue) continue;
    const Value& value = program_.value(input.value);
    const std::string name = unique(input.target.empty() ? value.name : input.target);
    names_[input.value] = name;
    if (value.kind != ValueKind::kTensor) {
      throw_usage(fmt::format("input '{}'", name), "is a number", "tensors",
                  "export the model with this number fixed");
    }
    model_.graph.inputs.push_back(info_of(name, value));
  }
  for (const GraphInput& input : program_.inputs) {
    if (input.kind == GraphInput::Kind::kUser || input.value == kNoValue) continue;
    names_[input.value] = weight(input.target, program_.tensor_of(input));
    is_constant_[input.value] = true;
  }
}

void OnnxWriter::write_node(const Node& node) {
  bool used = false;
  for_each_result(node, [&](ValueId id) {
    used = used || uses_[id] > 0;
    if (node_name_.empty()) node_name_ = program_.value(id).name;
  });
  if (!used) return;
  // A number that no input changes needs no node.
  const bool one = node.outputs.size() == 1 && node.outputs[0].ids.size() == 1;
  if (one) {
    const Value& value = result_of(node);
    if (value.kind == ValueKind::kSymInt && !value.number.is_symbolic()) return;
  }
  const OperatorRow* row = find_onnx_row(node.op);
  if (row == nullptr) refuse(node, false);
  if (!row->write(*this, node)) refuse(node, true);
}

void OnnxWriter::name_outputs() {
  node_name_ = "output";
  std::set<std::string> given;
  const auto outputs = program_.user_outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto* ref = std::get_if<ValueRef>(&outputs[i]->value);
    if (ref == nullptr || program_.value(ref->id).kind != ValueKind::kTensor) {
      throw_usage(fmt::format("output {}", i), "is no tensor", "tensors",
                  "export a network that gives tensors alone");
    }
    std::string name = name_of(ref->id);
    const bool named = i < program_.user_output_names.size();
    if (emitted_.count(name) == 0 || !given.insert(name).second) name = emit("Identity", {name});
    const std::string& value_name = program_.value(ref->id).name;
    if (named) {
      final_names_[name] = program_.user_output_names[i];
    } else if (final_names_.count(name) == 0) {
      final_names_[name] = unique(value_name);
    }
    model_.graph.outputs.push_back(info_of(final_names_.at(name), program_.value(ref->id)));
  }
}

void OnnxWriter::keep_live() {
  std::set<std::string> needed;
  for (const OnnxValueInfo& output : model_.graph.outputs) needed.insert(output.name);
  std::vector<OnnxNode>& nodes = model_.graph.nodes;
  const auto rename = [&](std::string& name) {
    const auto found = final_names_.find(name);
    if (found != final_names_.end()) name = found->second;
  };
  std::vector<OnnxNode> live;
  for (size_t i = nodes.size(); i-- > 0;) {
    OnnxNode& node = nodes[i];
    for (std::string& name : node.inputs) rename(name);
    bool wanted = false;
    for (std::string& name : node.outputs) {
      rename(name);
      wanted = wanted || needed.count(name) != 0;
    }
    if (!wanted) continue;
    needed.insert(node.inputs.begin(), node.inputs.end());
    live.push_back(std::move(node));
  }
  nodes.assign(std::make_move_iterator(live.rbegin()), std::make_move_iterator(live.rend()));
  for (const std::string& name : tensor_order_) {
    if (needed.count(name) == 0) continue;
    OnnxTensor tensor;
    tensor.name = name;
    tensor.values = tensors_.at(name);
    model_.graph.initializers.push_back(std::move(tensor));
  }
}

OnnxModel OnnxWriter::write() {
  name_inputs();
  for (const Node& node : program_.nodes) {
    node_name_.clear();
    write_node(node);
  }
  name_outputs();
  keep_live();
  return std::move(model_);
}

}  // namespace maas
