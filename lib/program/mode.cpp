#include "program/mode.h"

#include "program/operator_facts.h"
#include "program/rewrite.h"

namespace maas {
namespace {

bool is_decomposed_norm(const Node& node) {
  return node.op == "aten::native_batch_norm" ||
         (node.op.rfind("aten::_native_batch_norm_legit", 0) == 0 && node.overload.empty());
}

// _native_batch_norm_legit_no_training(input, w, b, mean, var, momentum, eps) and its relatives ->
// batch_norm(..., training, momentum, eps, cudnn): the same numbers, and it can train.
void make_plain(Node& node, bool train) {
  node.op = "aten::batch_norm";
  node.overload.clear();
  node.set("training", train);
  node.set("cudnn_enabled", true);
  for (NamedArgument& argument : node.arguments) argument.keyword = true;
  node.outputs.resize(1);
}

// Without statistics of its own (track_running_stats=False, a decomposed instance norm) a norm
// takes those of its input in both modes.
bool has_no_statistics(const Node& node) {
  if (node.op.find("batch_norm") == std::string::npos) return false;
  const Argument* mean = node.find("running_mean");
  return mean == nullptr || std::holds_alternative<None>(*mean);
}

}  // namespace

Program with_mode(Program program, Mode mode) {
  const bool train = mode == Mode::kTrain;
  if (!train) {
    // Exported from training: running statistics are no longer updated.
    std::erase_if(program.outputs, [](const GraphOutput& output) {
      return output.kind == GraphOutput::Kind::kBufferMutation;
    });
  }
  const std::vector<int64_t> uses = count_uses(program);
  const auto only_first_used = [&](const Node& node) {
    for (size_t i = 1; i < node.outputs.size(); ++i) {
      for (const ValueId id : node.outputs[i].ids) {
        if (id != kNoValue && uses[id] > 0) return false;
      }
    }
    return true;
  };
  for (Node& node : program.nodes) {
    const bool is_evaluating = node.op == "aten::_native_batch_norm_legit_no_training";
    if (is_decomposed_norm(node) && is_evaluating == train && !has_no_statistics(node) &&
        only_first_used(node)) {
      make_plain(node, train);
    }
    if (const OperatorFacts* facts = facts_of(node.op); facts && !facts->training_flag.empty()) {
      const std::string& flag = facts->training_flag;
      const bool fixed = node.op == "aten::instance_norm" || has_no_statistics(node);
      if (!fixed && node.find(flag) != nullptr) node.set(flag, train);
      if (node.op == "aten::native_dropout" || node.op == "aten::dropout") node.set(flag, train);
    }
    if (!train && node.op == "aten::scaled_dot_product_attention" &&
        node.find("dropout_p") != nullptr) {
      node.set("dropout_p", 0.0);
    }
  }
  if (!train) remove_dead_code(program);
  return program;
}

}  // namespace maas
