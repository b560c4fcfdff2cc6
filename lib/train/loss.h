// Losses over a whole batch, as part of the graph.
#pragma once

#include "data/spec.h"
#include "program/program.h"
#include "train/train_config.h"

namespace maas {

// `program` with one more user input, "target" (as data/dataset.h says), whose only user output is
// the loss of its first output: a float32 scalar, the mean over the batch. Outputs in a lower
// precision are widened first. Throws Error{kUsage} when the loss does not fit the task or
// class_weights the labels.
Program with_loss(Program program, const LossConfig& config, const TaskSpec& task);

}  // namespace maas
