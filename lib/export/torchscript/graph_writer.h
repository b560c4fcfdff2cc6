// The nodes of a program as those of a TorchScript graph
#pragma once

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/ir/ir.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "call/call_arguments.h"
#include "export/torchscript/module_tree.h"
#include "program/program.h"

namespace maas {

// Writes forward() of a module that holds the program's tensors; used once.
class GraphWriter {
 public:
  // Registers the program's tensors in `tree`; both must outlive the writer.
  GraphWriter(const Program& program, ModuleTree& tree);

  // Throws Error{kUsage} naming the node for an operator that TorchScript has not.
  std::shared_ptr<torch::jit::Graph> write();

 private:
  using JitValue = torch::jit::Value*;

  void add_inputs();
  void write_node(size_t index);
  void write_operator(const Node& node, const std::string& where);
  void write_arithmetic(const Node& node);
  void write_outputs();
  JitValue value_of(ValueId id);
  JitValue attribute(const std::vector<std::string>& path);
  JitValue filled(const ConvertedArgument& argument);
  JitValue list_of(const std::vector<JitValue>& items, const c10::TypePtr& type);
  JitValue scalar(const Argument& argument);
  JitValue call(const char* op, const std::vector<JitValue>& arguments);
  void set_result(const Node& node, size_t index, JitValue made);
  void set_number(ValueId id, JitValue made);
  void restore_dtype(const Node::Output& output);
  void unpack_list(const Node::Output& output, JitValue made);
  void name(JitValue made, ValueId id) const;

  const Program& program_;
  const ModuleTree& tree_;
  std::shared_ptr<torch::jit::Graph> graph_;
  JitValue self_ = nullptr;
  std::vector<JitValue> values_;                         // by ValueId
  std::map<ValueId, std::vector<std::string>> tensors_;  // names from the root
  std::map<std::vector<std::string>, JitValue> attributes_;
};

}  // namespace maas
