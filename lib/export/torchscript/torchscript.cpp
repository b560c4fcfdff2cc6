#include "export/torchscript/torchscript.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/export.h>
#include <torch/csrc/jit/serialization/import.h>

#include "export/torchscript/graph_writer.h"
#include "program/rewrite.h"
#include "tensor/archive.h"

namespace maas {
namespace {

namespace jit = torch::jit;

jit::Module module_of(Program program) {
  remove_dead_code(program);
  ModuleTree tree;
  const std::shared_ptr<jit::Graph> graph = GraphWriter(program, tree).write();
  const jit::Module& root = tree.root();
  graph->lint();
  const c10::QualifiedName name(*root.type()->name(), "forward");
  root.type()->addMethod(root._ivalue()->compilation_unit()->create_function(name, graph));
  return root;
}

}  // namespace

void write_torchscript(const Model& model, const std::filesystem::path& path,
                       const FormatOptions&) {
  const jit::Module module = module_of(model.program);
  write_through(path, path, [&](const Sink& sink) { jit::ExportModule(module, sink); });
}

Forward reopen_torchscript(const std::filesystem::path& path, const Program&) {
  auto module = std::make_shared<jit::Module>(jit::load(path.string(), at::kCPU));
  return [module](const std::vector<at::Tensor>& inputs) {
    const at::NoGradGuard no_gradients;
    const jit::GraphOptimizerEnabledGuard as_written(false);
    const c10::IValue made = module->forward({inputs.begin(), inputs.end()});
    if (made.isTensor()) return std::vector<at::Tensor>{made.toTensor()};
    std::vector<at::Tensor> outputs;
    for (const c10::IValue& element : made.toTupleRef().elements()) {
      outputs.push_back(element.toTensor());
    }
    return outputs;
  };
}

}  // namespace maas
