#include "train/loss.h"

#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "program/emit.h"

namespace maas {
namespace {

const std::map<std::string, std::string> kOperators = {
    {"cross_entropy", "aten::cross_entropy_loss"},
    {"binary_cross_entropy", "aten::binary_cross_entropy_with_logits"},
    {"mse", "aten::mse_loss"},
    {"mae", "aten::l1_loss"},
    {"huber", "aten::huber_loss"}};

std::string loss_type(const LossConfig& config, const TaskSpec& task) {
  if (config.type != "auto") return config.type;
  if (task.kind == TaskKind::kClassification) return "cross_entropy";
  return task.kind == TaskKind::kMultiLabel ? "binary_cross_entropy" : "mse";
}

void check_fits(const std::string& type, const LossConfig& config, const TaskSpec& task) {
  const TaskKind wanted = type == "cross_entropy"          ? TaskKind::kClassification
                          : type == "binary_cross_entropy" ? TaskKind::kMultiLabel
                                                           : TaskKind::kRegression;
  if (wanted != task.kind) {
    throw Error(ErrorKind::kUsage,
                {.where = "train.loss",
                 .what = fmt::format("'{}' for a {} task", type, to_text(task.kind)),
                 .expected = fmt::format("a loss for {}", to_text(task.kind)),
                 .fix = "leave train.loss out, or set it to auto",
                 .excerpt = ""});
  }
  const auto weights = static_cast<int64_t>(config.class_weights.size());
  if (weights != 0 && weights != task.outputs()) {
    throw Error(ErrorKind::kUsage, {.where = "train.loss.class_weights",
                                    .what = fmt::format("{} weights", weights),
                                    .expected = fmt::format("{}, one a label", task.outputs()),
                                    .fix = "give one weight for each label",
                                    .excerpt = ""});
  }
}

}  // namespace

Program with_loss(Program program, const LossConfig& config, const TaskSpec& task) {
  const std::string type = loss_type(config, task);
  check_fits(type, config, task);
  ValueId outputs = std::get<ValueRef>(program.user_outputs().at(0)->value).id;
  const auto append = [&](const std::string& op, const std::vector<Operand>& operands) {
    Node node = make_node(op, operands);
    const ValueId result = add_result(program, node, "loss");
    program.nodes.push_back(std::move(node));
    return result;
  };
  if (program.value(outputs).dtype != at::kFloat) {
    const std::vector<Dim> shape = program.value(outputs).shape;
    outputs = append("aten::to.dtype", {{"self", ValueRef{outputs}}, {"dtype", at::kFloat}});
    program.value(outputs).shape = shape;
  }
  const bool classes = task.kind == TaskKind::kClassification;
  std::vector<Dim> shape = program.value(outputs).shape;
  if (classes && shape.size() > 1) shape.resize(1);
  const ValueId target =
      add_user_input(program, "target", classes ? at::kLong : at::kFloat, std::move(shape));
  std::vector<Operand> operands = {{"self", ValueRef{outputs}}, {"target", ValueRef{target}}};
  if (!config.class_weights.empty()) {
    const at::Tensor weights = at::tensor(config.class_weights, at::kFloat);
    operands.push_back({"weight", ValueRef{add_constant(program, "class_weights", weights)}});
  }
  if (type == "cross_entropy") operands.push_back({"label_smoothing", config.label_smoothing});
  if (type == "huber") operands.push_back({"delta", config.delta});
  const ValueId loss = append(kOperators.at(type), operands);
  std::erase_if(program.outputs,
                [](const GraphOutput& output) { return output.kind == OutputKindOf::kUser; });
  program.outputs.insert(program.outputs.begin(), {OutputKindOf::kUser, ValueRef{loss}, "loss"});
  program.user_output_names = {"loss"};
  return program;
}

}  // namespace maas
