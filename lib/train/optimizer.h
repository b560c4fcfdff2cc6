// Update rules over libtorch's fused kernels: one pass over all parameters a step.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "tensor/safetensors.h"
#include "train/train_config.h"

namespace maas {

// One thread. Parameters are changed in place; the state belongs to the optimizer.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // params and grads in the same order at every call, dense float32.
  virtual void step(const std::vector<at::Tensor>& params, const std::vector<at::Tensor>& grads,
                    double learning_rate) = 0;
  // "momentum/<i>" and the like; tensors are shared, not copied.
  virtual TensorMap state() const = 0;
  // Throws Error{kInput} when names or shapes are not those of state().
  void load_state(const TensorMap& saved);
};

// sgd: Sutskever et al. 2013 as in torch.optim.SGD; adam, adamw: Kingma and Ba 2014, Loshchilov and
// Hutter 2017; rmsprop: Hinton's lecture 6e as in torch.optim.RMSprop.
std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config,
                                          const std::vector<at::Tensor>& params);

// Parameters that learn at a rate of their own.
struct RateGroup {
  std::vector<size_t> members;  // indices into the parameters, ascending
  double share = 1;             // of the rate that step() gets
};

// One optimizer for all, a pass for each group. The state is named as make_optimizer()'s, but for
// numbers that a whole optimizer keeps: behind the first group's these are "<name>/group<i>".
// Precondition (checked): each parameter is in one group.
std::unique_ptr<Optimizer> make_grouped_optimizer(const OptimizerConfig& config,
                                                  const std::vector<at::Tensor>& params,
                                                  const std::vector<RateGroup>& groups);

// Scales grads so that their L2 norm over all is at most `limit`; returns the norm before. Leaves
// them alone when that is not finite.
double clip_gradients(const std::vector<at::Tensor>& grads, double limit);

// Whether every element is a finite number, by one sum a tensor: an infinity or NaN stays in it.
// Elements near the largest float32 whose sum overflows count as not finite, too.
bool are_finite(const std::vector<at::Tensor>& grads);

}  // namespace maas
