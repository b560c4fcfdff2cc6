#include "train/loss.h"

#include <ATen/ops/binary_cross_entropy_with_logits.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/huber_loss.h>
#include <ATen/ops/l1_loss.h>
#include <ATen/ops/mse_loss.h>
#include <ATen/ops/tensor.h>
#include <fmt/format.h>

#include "base/error.h"

namespace maas {
namespace {

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

LossFn make_loss(const LossConfig& config, const TaskSpec& task) {
  const std::string type = loss_type(config, task);
  check_fits(type, config, task);
  std::optional<at::Tensor> weights;
  if (!config.class_weights.empty()) weights = at::tensor(config.class_weights, at::kFloat);
  if (type == "cross_entropy") {
    const double smoothing = config.label_smoothing;
    return [weights, smoothing](const at::Tensor& outputs, const at::Tensor& targets) {
      return at::cross_entropy_loss(outputs, targets, weights, at::Reduction::Mean, -100,
                                    smoothing);
    };
  }
  if (type == "binary_cross_entropy") {
    return [weights](const at::Tensor& outputs, const at::Tensor& targets) {
      return at::binary_cross_entropy_with_logits(outputs, targets, {}, weights);
    };
  }
  if (type == "mae") {
    return [](const at::Tensor& outputs, const at::Tensor& targets) {
      return at::l1_loss(outputs, targets);
    };
  }
  if (type == "huber") {
    const double delta = config.delta;
    return [delta](const at::Tensor& outputs, const at::Tensor& targets) {
      return at::huber_loss(outputs, targets, at::Reduction::Mean, delta);
    };
  }
  return [](const at::Tensor& outputs, const at::Tensor& targets) {
    return at::mse_loss(outputs, targets);
  };
}

}  // namespace maas
