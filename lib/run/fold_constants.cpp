#include "run/fold_constants.h"

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include <set>

#include "base/error.h"
#include "call/call.h"
#include "program/operator_facts.h"
#include "program/rewrite.h"

namespace maas {
namespace {

constexpr int64_t kMostBytes = int64_t{64} << 20;

enum class What { kAll, kViews };

class ConstantFolder {
 public:
  ConstantFolder(Program program, What what) : program_(std::move(program)), what_(what) {}

  Program run() {
    const at::NoGradGuard no_gradients;
    find_weights();
    std::vector<Node> kept;
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      const bool folded = may_fold(program_.nodes[i]) && fold(static_cast<int64_t>(i));
      if (!folded) kept.push_back(program_.nodes[i]);
    }
    program_.nodes = std::move(kept);
    return std::move(program_);
  }

 private:
  void find_weights() {
    const std::set<std::string> changing = changing_buffers(program_);
    slots_.resize(program_.values.size());
    known_.assign(program_.values.size(), false);
    for (const GraphInput& input : program_.inputs) {
      if (input.kind == GraphInput::Kind::kUser || input.value == kNoValue) continue;
      if (input.kind == GraphInput::Kind::kBuffer && changing.count(input.target) != 0) continue;
      slots_[input.value] = program_.tensor_of(input);
      known_[input.value] = true;
    }
  }

  bool may_fold(const Node& node) const {
    const OperatorFacts* facts = facts_of(node.op);
    if (node.op.rfind("aten::", 0) != 0 || facts == nullptr || facts->is_mode_dependent()) {
      return false;
    }
    if (node.op.find("empty") != std::string::npos) return false;
    if (what_ == What::kViews && !facts->view) return false;
    bool constant = true;
    for_each_use(node, [&](ValueId id) { constant = constant && known_[id]; });
    return constant && std::all_of(node.outputs.begin(), node.outputs.end(),
                                   [this](const auto& output) { return is_small(output); });
  }

  bool is_small(const Node::Output& output) const {
    for (const ValueId id : output.ids) {
      if (id == kNoValue) continue;
      const Value& value = program_.value(id);
      if (value.kind != ValueKind::kTensor) return false;
      int64_t bytes = static_cast<int64_t>(c10::elementSize(value.dtype));
      for (const Dim& dim : value.shape) {
        if (dim.is_symbolic() || __builtin_mul_overflow(bytes, dim.size, &bytes)) return false;
      }
      if (bytes > kMostBytes) return false;
    }
    return true;
  }

  bool fold(int64_t index) {
    const Node node = program_.nodes[index];
    Call(program_, node, index).run(slots_);
    for (const Node::Output& output : node.outputs) {
      for (const ValueId id : output.ids) {
        if (id != kNoValue && !is_right(id, node)) return false;
      }
    }
    for (const Node::Output& output : node.outputs) {
      for (const ValueId id : output.ids) {
        if (id != kNoValue) become_weight(id);
      }
    }
    return true;
  }

  // Views are only kept where they look at the weight's own memory.
  bool is_right(ValueId id, const Node& node) const {
    const c10::IValue& made = slots_[id];
    if (!made.isTensor() || !made.toTensor().defined()) return false;
    if (what_ == What::kAll) return true;
    bool is_alias = false;
    for_each_use(node, [&](ValueId used) {
      const at::Tensor& source = slots_[used].toTensor();
      is_alias = is_alias || source.is_alias_of(made.toTensor());
    });
    return is_alias;
  }

  void become_weight(ValueId id) {
    known_[id] = true;
    const std::string name = fmt::format("folded.{}", program_.value(id).name);
    program_.parameters[name] = slots_[id].toTensor();
    program_.inputs.insert(program_.inputs.begin(),
                           {GraphInput::Kind::kParameter, id, name, true, None{}});
  }

  Program program_;
  What what_;
  Slots slots_;
  std::vector<bool> known_;
};

}  // namespace

Program fold_constants(Program program) {
  program = ConstantFolder(std::move(program), What::kAll).run();
  remove_dead_code(program);
  return program;
}

Program fold_views_of_weights(Program program) {
  return ConstantFolder(std::move(program), What::kViews).run();
}

}  // namespace maas
