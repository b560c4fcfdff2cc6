// Losses over a whole batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

#include "data/spec.h"
#include "train/train_config.h"

namespace maas {

// (outputs, targets as data/dataset.h says) -> scalar, the mean over the batch.
using LossFn = std::function<at::Tensor(const at::Tensor& outputs, const at::Tensor& targets)>;

// Throws Error{kUsage} when the loss does not fit the task or class_weights the labels.
LossFn make_loss(const LossConfig& config, const TaskSpec& task);

}  // namespace maas
