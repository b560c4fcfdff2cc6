#include "export/torchscript/module_tree.h"

#include <ATen/core/grad_mode.h>

#include <cctype>
#include <sstream>

namespace maas {
namespace {

using torch::jit::Module;

std::vector<std::string> split(const std::string& name) {
  std::vector<std::string> parts;
  std::istringstream words(name);
  for (std::string part; std::getline(words, part, '.');) parts.push_back(as_identifier(part));
  if (parts.empty()) parts.emplace_back("_");
  return parts;
}

// A name beside which `module` has nothing; what it has for itself counts, too.
std::string free_name(const Module& module, std::string name) {
  while (name == "forward" || module.hasattr(name)) name += "_";
  return name;
}

// A tensor of its own bytes: TorchScript writes the whole storage that a view looks at.
at::Tensor on_its_own(const at::Tensor& tensor) {
  const at::Tensor detached = tensor.detach();
  const bool whole = detached.is_contiguous() && detached.storage().nbytes() == detached.nbytes();
  return whole ? detached : detached.clone(at::MemoryFormat::Contiguous);
}

}  // namespace

std::string as_identifier(const std::string& name) {
  std::string identifier;
  for (const char c : name) {
    identifier += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '_';
  }
  return identifier.empty() ? "_" : identifier;
}

ModuleTree::ModuleTree()
    : unit_(std::make_shared<torch::jit::CompilationUnit>()), root_(make_module()) {}

Module ModuleTree::make_module() const {
  Module module(c10::QualifiedName("__torch__.maas.Module"), unit_, /*shouldMangle=*/true);
  module.register_attribute("training", c10::BoolType::get(), false);  // as eval() leaves it
  return module;
}

Module& ModuleTree::module_at(const std::vector<std::string>& path) {
  if (path.empty()) return root_;
  const auto known = modules_.find(path);
  if (known != modules_.end()) return known->second;
  Module& parent = module_at({path.begin(), path.end() - 1});
  const Module made = make_module();
  parent.register_module(path.back(), made);
  return modules_.emplace(path, made).first->second;
}

std::vector<std::string> ModuleTree::add(const Program& program, const GraphInput& input) {
  const std::vector<std::string> parts = split(input.target);
  std::vector<std::string> path;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    std::vector<std::string> longer = path;
    longer.push_back(parts[i]);
    if (modules_.count(longer) == 0) longer.back() = free_name(module_at(path), parts[i]);
    path = std::move(longer);
  }
  Module& holder = module_at(path);
  const std::string name = free_name(holder, parts.back());
  at::Tensor tensor = on_its_own(program.tensor_of(input));
  const bool is_parameter =
      input.kind == GraphInput::Kind::kParameter && at::isFloatingType(tensor.scalar_type());
  if (is_parameter) {
    tensor.set_requires_grad(program.value(input.value).requires_grad);
    holder.register_parameter(name, tensor, /*is_buffer=*/false);
  } else {
    holder.register_buffer(name, tensor);
  }
  path.push_back(name);
  return path;
}

}  // namespace maas
