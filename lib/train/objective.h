// What a step minimises: a graph that ends in a loss
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

#include "data/dataset.h"
#include "program/program.h"
#include "sample/spec.h"
#include "train/train_config.h"

namespace maas {

// The loss is a graph that is given to the Trainer, not made in it: it decides which parameters are
// trained (train/trained_parameters.h).
struct Objective {
  // In training mode. Inputs: the network's, then one for each of `extras`, then "target"; the only
  // user output is a float32 scalar, the mean over the batch. Parameters and buffers are the
  // network's, shared by name.
  Program graph;
  // What a part of a batch counts for in the mean over the whole.
  std::function<double(const Batch&)> weight;
  // Further inputs of the graph, made from a batch's inputs before its step (the outputs of a
  // teacher): tensors whose first dimension is the batch's. Called on the training thread; depends
  // on the inputs alone, so that a resumed run sees the same. Empty = none.
  std::function<std::vector<at::Tensor>(const std::vector<at::Tensor>& inputs)> extras = {};
};

// The loss of `network`'s first output against the targets, as `config` says. Throws what
// check_loss() (train/loss.h) throws.
Objective supervised(const Program& network, const LossConfig& config, const TaskSpec& task);

}  // namespace maas
