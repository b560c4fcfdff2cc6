#include "train/loss.h"

#include <ATen/ops/bincount.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

#include "base/throw_error.h"
#include "evaluate/evaluate.h"
#include "program/emit.h"
#include "zoo/target_scale.h"

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

bool is_balanced(const LossConfig& config) {
  return config.class_weights.size() == 1 && config.class_weights[0] == "balanced";
}

double number_of(const std::string& weight) {
  double number = 0;
  const char* end = weight.data() + weight.size();
  const auto [stop, error] = std::from_chars(weight.data(), end, number);
  if (error == std::errc() && stop == end && number > 0 && std::isfinite(number)) return number;
  throw_usage("train.loss.class_weights", fmt::format("'{}'", weight),
              "numbers above 0, or balanced alone", "correct it");
}

std::vector<double> numbers_of(const LossConfig& config) {
  std::vector<double> numbers;
  for (const std::string& weight : config.class_weights) numbers.push_back(number_of(weight));
  return numbers;
}

void check_class_weights(const std::string& type, const LossConfig& config, const TaskSpec& task) {
  if (config.class_weights.empty()) return;
  const char* where = "train.loss.class_weights";
  if (type != "cross_entropy" && type != "binary_cross_entropy") {
    throw_usage(where, "is given for " + type, "none: it knows no classes", "leave it out");
  }
  if (is_balanced(config)) {
    if (task.kind == TaskKind::kClassification) return;
    throw_usage(where, fmt::format("'balanced' for a {} task", to_text(task.kind)),
                "one weight for each label", "give numbers");
  }
  for (const std::string& weight : config.class_weights) number_of(weight);
  const auto weights = static_cast<int64_t>(config.class_weights.size());
  if (weights != task.outputs()) {
    throw_usage(where, fmt::format("{} weights", weights),
                fmt::format("{}, one a label", task.outputs()), "give one weight for each label");
  }
}

ValueId append(Program& program, const std::string& op, const std::vector<Operand>& operands,
               ValueId like = kNoValue) {
  Node node = make_node(op, operands);
  const ValueId result = add_result(program, node, "loss", like);
  program.nodes.push_back(std::move(node));
  return result;
}

ValueId converted(Program& program, ValueId value, at::ScalarType type) {
  if (program.value(value).dtype == type) return value;
  const ValueId result =
      append(program, "aten::to.dtype", {{"self", ValueRef{value}}, {"dtype", type}}, value);
  program.value(result).dtype = type;
  return result;
}

// Changes both values to what they are in standard deviations from the mean of training, float32.
void standardize(Program& program, const TaskSpec& task, ValueId& outputs, ValueId& target) {
  const ScaleTensors tensors = scale_tensors(task);
  const ValueRef mean{add_constant(program, "loss.mean", tensors.mean)};
  const ValueRef std_dev{add_constant(program, "loss.std", tensors.std_dev)};
  for (ValueId* value : {&outputs, &target}) {
    const ValueId centred =
        append(program, "aten::sub.Tensor", {{"self", ValueRef{*value}}, {"other", mean}}, *value);
    *value = append(program, "aten::div.Tensor", {{"self", ValueRef{centred}}, {"other", std_dev}},
                    centred);
    *value = converted(program, *value, at::kFloat);
  }
}

}  // namespace

void check_loss(const LossConfig& config, const TaskSpec& task) {
  const std::string type = loss_type(config, task);
  const TaskKind wanted = type == "cross_entropy"          ? TaskKind::kClassification
                          : type == "binary_cross_entropy" ? TaskKind::kMultiLabel
                                                           : TaskKind::kRegression;
  if (wanted != task.kind) {
    throw_usage("train.loss", fmt::format("'{}' for a {} task", type, to_text(task.kind)),
                fmt::format("a loss for {}", to_text(task.kind)),
                "leave train.loss out, or set it to auto");
  }
  check_class_weights(type, config, task);
  if (config.label_smoothing > 0 && type != "cross_entropy") {
    throw_usage("train.loss.label_smoothing", "is given for " + type,
                "none: it is for cross_entropy", "leave it out");
  }
}

LossConfig with_counted_weights(LossConfig config, const at::Tensor& targets,
                                const TaskSpec& task) {
  if (!is_balanced(config)) return config;
  check_class_weights(loss_type(config, task), config, task);
  const at::Tensor counts = at::bincount(targets, {}, task.outputs());
  const auto rows = static_cast<double>(targets.size(0));
  config.class_weights.clear();
  for (int64_t k = 0; k < task.outputs(); ++k) {
    const auto count = static_cast<double>(counts.const_data_ptr<int64_t>()[k]);
    const double weight = count > 0 ? rows / (static_cast<double>(task.outputs()) * count) : 1;
    config.class_weights.push_back(fmt::format("{}", weight));  // reads back to the same number
  }
  return config;
}

double loss_weight(const LossConfig& config, const at::Tensor& targets) {
  const bool classes = targets.scalar_type() == at::kLong;
  if (config.class_weights.empty() || !classes) return static_cast<double>(targets.size(0));
  const at::Tensor indices = targets.contiguous();
  const auto* target = indices.const_data_ptr<int64_t>();
  const std::vector<double> weights = numbers_of(config);
  double sum = 0;
  for (int64_t i = 0; i < targets.size(0); ++i) sum += weights.at(target[i]);
  return sum;
}

Program with_loss(Program program, const LossConfig& config, const TaskSpec& task) {
  const std::string type = loss_type(config, task);
  check_loss(config, task);
  program = scored_program(std::move(program), task.kind);
  ValueId outputs = std::get<ValueRef>(program.user_outputs().at(0)->value).id;
  const at::ScalarType unit_type = task.needs_float64() ? at::kDouble : at::kFloat;
  outputs = converted(program, outputs, unit_type);
  const bool classes = task.kind == TaskKind::kClassification;
  std::vector<Dim> shape = program.value(outputs).shape;
  if (!classes && shape.size() == 1) {  // [B] against targets [B, 1] would be compared as [B, B]
    shape.emplace_back(1);
    outputs =
        append(program, "aten::unsqueeze", {{"self", ValueRef{outputs}}, {"dim", int64_t{1}}});
    program.value(outputs).dtype = unit_type;
    program.value(outputs).shape = shape;
  }
  if (classes && shape.size() > 1) shape.resize(1);
  ValueId target =
      add_user_input(program, "target", classes ? at::kLong : unit_type, std::move(shape));
  if (!task.scales.empty()) standardize(program, task, outputs, target);
  std::vector<Operand> operands = {{"self", ValueRef{outputs}}, {"target", ValueRef{target}}};
  if (!config.class_weights.empty()) {
    const at::Tensor weights = at::tensor(numbers_of(config), at::kFloat);
    operands.push_back({"weight", ValueRef{add_constant(program, "class_weights", weights)}});
  }
  if (type == "cross_entropy") operands.push_back({"label_smoothing", config.label_smoothing});
  if (type == "huber") operands.push_back({"delta", config.delta});
  const ValueId loss = append(program, kOperators.at(type), operands);
  std::erase_if(program.outputs,
                [](const GraphOutput& output) { return output.kind == GraphOutput::Kind::kUser; });
  program.outputs.insert(program.outputs.begin(),
                         {GraphOutput::Kind::kUser, ValueRef{loss}, "loss"});
  program.user_output_names = {"loss"};
  return program;
}

}  // namespace maas
