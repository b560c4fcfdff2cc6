// One network being trained: forward, loss, backward, update.
//
// The step is one graph (autodiff/gradients.h) where every operator has a rule for its gradient,
// and the forward graph under libtorch's autograd where one has none, or in lower precision.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "program/program.h"
#include "run/plan.h"
#include "tensor/safetensors.h"
#include "train/objective.h"
#include "train/optimizer.h"
#include "train/train_config.h"

namespace maas {

struct StepResult {
  double loss = 0;           // mean over the batch
  double gradient_norm = 0;  // before clipping; 0 when clipping is off
  // False: the loss or its gradient is not finite, and nothing has changed. A finite loss can have
  // a gradient that is none (a root of zero, an overflow on the way back).
  bool taken = true;
};

// The decay of the moving average at a step counted from 0, with a warm-up: at most
// (1 + step) / (10 + step), or a short run would save mostly the weights that it started with.
double average_decay(double decay, int64_t step_number);

// Owns a copy of the program's weights. One thread. Random operators (dropout) draw from the
// process's default generator, which is seeded anew for every step from (seed, step): a resumed run
// draws the same numbers.
class Trainer {
 public:
  // `objective` is one of `program`: its trained_parameters() learn, the others stay as they are.
  // `learning_rate` of step() is the last layer's where config.body_learning_rate is set; the
  // others' is the same share of it at every step.
  Trainer(const Program& program, const Objective& objective, const TrainConfig& config,
          uint64_t seed);

  // The plan of a step anew, with the kernels that the process has now (run/kernel_times.h).
  void make_plan();

  StepResult step(const Batch& given, int64_t step_number, double learning_rate);

  // The program in eval mode with the weights as they are; with EMA, the averaged ones. Tensors are
  // copies. Batch-norm statistics are the live ones.
  Program snapshot() const;

  // The trained parameters by name, and the optimizer's state: for a Constraint. Shared, not
  // copied.
  TensorMap weights() const;
  TensorMap optimizer_state() const { return optimizer_->state(); }

  // Everything that a checkpoint must hold: "param/...", "buffer/...", "ema/...", "optimizer/...".
  // Shared, not copied.
  TensorMap state() const;
  // Throws Error{kInput} naming the first tensor that is missing or has another shape.
  void load_state(const TensorMap& saved);

  bool has_finite_weights() const;

  // Why a step is no one graph, for `maas train -v`: the first operator, from the loss on, that has
  // no gradient rule in its form, or the precision. "" when it is one graph.
  const std::string& why_autograd() const { return why_autograd_; }

 private:
  // With train.body_learning_rate in two groups: the last layer, and what is before it.
  std::unique_ptr<Optimizer> own_optimizer() const;
  // The loss and its gradients, by whichever way this network has.
  double differentiate(const Batch& batch, std::vector<at::Tensor>& gradients);
  double differentiate_by_autograd(const std::vector<at::Tensor>& inputs,
                                   std::vector<at::Tensor>& gradients);
  StepResult left_out(StepResult result);  // with the buffers as they were before the step
  void update_average(int64_t step_number);

  Program program_;               // train mode
  std::optional<Program> graph_;  // of a step; none under autograd
  Objective objective_;
  TrainConfig config_;
  uint64_t seed_;
  // Gives the loss and the gradients, or the loss alone for autograd to look at.
  std::shared_ptr<const Plan> plan_;
  bool gives_gradients_ = false;
  int64_t smallest_batch_ = 1;  // also of a part of an accumulated one
  std::string why_autograd_;
  std::vector<std::string> names_;
  std::vector<at::Tensor> params_, average_;
  std::vector<at::Tensor> buffers_, buffers_before_;  // those that a step changes; before the step
  std::unique_ptr<Optimizer> optimizer_;
};

}  // namespace maas
