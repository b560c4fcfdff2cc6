// The nested modules that hold a program's tensors by their dotted names
#pragma once

#include <torch/csrc/jit/api/module.h>

#include <map>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// "layer1.0.weight" becomes the attribute "weight" of the module "0" of the module "layer1".
class ModuleTree {
 public:
  ModuleTree();

  // Registers the tensor behind `input`; the names that lead to it from the root.
  std::vector<std::string> add(const Program& program, const GraphInput& input);
  const torch::jit::Module& root() const { return root_; }

 private:
  torch::jit::Module& module_at(const std::vector<std::string>& path);
  torch::jit::Module make_module() const;

  std::shared_ptr<torch::jit::CompilationUnit> unit_;
  torch::jit::Module root_;
  std::map<std::vector<std::string>, torch::jit::Module> modules_;  // below the root
};

// Letters, digits and "_"; never empty.
std::string as_identifier(const std::string& name);

}  // namespace maas
