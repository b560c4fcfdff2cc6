// Losses over a whole batch, as part of the graph.
#pragma once

#include <ATen/core/Tensor.h>

#include "program/program.h"
#include "sample/spec.h"
#include "train/train_config.h"

namespace maas {

// `program` with one more user input, "target" (as data/dataset.h says), whose only user output is
// the loss of its first output (of its logits, see evaluate/evaluate.h): a float32 scalar, the mean
// over the batch. Outputs in a lower
// precision are widened first; outputs [B] count as [B, 1]. With class weights the mean of cross
// entropy is weighted as in PyTorch: the sum divided by the sum of the targets' weights. Throws
// what check_loss() throws.
//
// Where the task has scales, a loss is measured in the targets' standard deviations: (output -
// mean) / std against (target - mean) / std. Outputs and metrics stay in the targets' units.
// Measured in these, the gradient would grow with the unit (by 1e6 from km to mm for a squared
// error): the learning rate, clip_norm and huber's delta would mean something else for each table,
// and of several targets the one with the largest numbers would be all that is learnt. A network
// that was adopted without scales is measured in the units that it gives, as where it comes from.
Program with_loss(Program program, const LossConfig& config, const TaskSpec& task);

// `config` with numbers in the place of class_weights: balanced: n / (K n_k) for the class k that
// n_k of the n training targets have, as scikit-learn counts; 1 for a class that none has. Throws
// Error{kUsage} for a task that has not one class a row.
LossConfig with_counted_weights(LossConfig config, const at::Tensor& targets, const TaskSpec& task);

// Throws Error{kUsage} when the loss does not fit the task, class_weights the labels, or a setting
// is given that the loss does not know.
void check_loss(const LossConfig& config, const TaskSpec& task);

// What the mean over these targets counts for in the mean over a larger batch: their number, or the
// sum of their class weights.
double loss_weight(const LossConfig& config, const at::Tensor& targets);

}  // namespace maas
