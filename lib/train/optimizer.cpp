#include "train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_addcdiv.h>
#include <ATen/ops/_foreach_addcmul.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/_foreach_sqrt.h>
#include <ATen/ops/_fused_adam.h>
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/_fused_sgd.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/throw_error.h"

namespace maas {
namespace {

using Tensors = std::vector<at::Tensor>;

Tensors zeros_for(const Tensors& params) {
  Tensors zeros;
  for (const at::Tensor& param : params) zeros.push_back(at::zeros_like(param).detach());
  return zeros;
}

void put_state(TensorMap& state, const char* name, const Tensors& tensors) {
  for (size_t i = 0; i < tensors.size(); ++i) state[fmt::format("{}/{}", name, i)] = tensors[i];
}

class Sgd : public Optimizer {
 public:
  Sgd(const OptimizerConfig& config, const Tensors& params) : config_(config) {
    if (config.momentum > 0) momentum_ = zeros_for(params);
    started_ = at::zeros({1});
  }
  void step(const Tensors& params, const Tensors& grads, double learning_rate) override {
    // The kernel copies the gradient into the buffers at the first step, as torch.optim does.
    const bool first = momentum_.empty() || started_.item<float>() == 0;
    at::_fused_sgd_(params, grads, momentum_, config_.weight_decay, config_.momentum, learning_rate,
                    /*dampening=*/0, config_.nesterov, /*maximize=*/false, first);
    if (!momentum_.empty()) started_.fill_(1);
  }
  TensorMap state() const override {
    TensorMap state{{"started", started_}};
    put_state(state, "momentum", momentum_);
    return state;
  }

 private:
  OptimizerConfig config_;
  Tensors momentum_;
  at::Tensor started_;
};

class Adam : public Optimizer {
 public:
  Adam(const OptimizerConfig& config, const Tensors& params)
      : config_(config), mean_(zeros_for(params)), square_(zeros_for(params)) {
    for (size_t i = 0; i < params.size(); ++i) steps_.push_back(at::zeros({}));
  }
  void step(const Tensors& params, const Tensors& grads, double learning_rate) override {
    at::_foreach_add_(steps_, 1);
    const OptimizerConfig& c = config_;
    if (c.type == "adamw") {
      at::_fused_adamw_(params, grads, mean_, square_, {}, steps_, learning_rate, c.beta1, c.beta2,
                        c.weight_decay, c.epsilon, /*amsgrad=*/false, /*maximize=*/false);
    } else {
      at::_fused_adam_(params, grads, mean_, square_, {}, steps_, learning_rate, c.beta1, c.beta2,
                       c.weight_decay, c.epsilon, /*amsgrad=*/false, /*maximize=*/false);
    }
  }
  TensorMap state() const override {
    TensorMap state;
    put_state(state, "mean", mean_);
    put_state(state, "square", square_);
    put_state(state, "steps", steps_);
    return state;
  }

 private:
  OptimizerConfig config_;
  Tensors mean_, square_, steps_;
};

// v = alpha v + (1 - alpha) g^2; b = momentum b + g / (sqrt(v) + eps); p -= rate b.
class RmsProp : public Optimizer {
 public:
  RmsProp(const OptimizerConfig& config, const Tensors& params)
      : config_(config), square_(zeros_for(params)) {
    if (config.momentum > 0) momentum_ = zeros_for(params);
  }
  void step(const Tensors& params, const Tensors& given, double learning_rate) override {
    const Tensors grads =
        config_.weight_decay > 0 ? at::_foreach_add(given, params, config_.weight_decay) : given;
    at::_foreach_mul_(square_, config_.alpha);
    at::_foreach_addcmul_(square_, grads, grads, 1 - config_.alpha);
    Tensors divisor = at::_foreach_sqrt(square_);
    at::_foreach_add_(divisor, config_.epsilon);
    if (momentum_.empty()) {
      at::_foreach_addcdiv_(params, grads, divisor, -learning_rate);
    } else {
      at::_foreach_mul_(momentum_, config_.momentum);
      at::_foreach_addcdiv_(momentum_, grads, divisor, 1);
      at::_foreach_add_(params, momentum_, -learning_rate);
    }
  }
  TensorMap state() const override {
    TensorMap state;
    put_state(state, "square", square_);
    put_state(state, "momentum", momentum_);
    return state;
  }

 private:
  OptimizerConfig config_;
  Tensors square_, momentum_;
};

class Grouped : public Optimizer {
 public:
  Grouped(const OptimizerConfig& config, const Tensors& params,
          const std::vector<RateGroup>& groups)
      : groups_(groups) {
    size_t members = 0;
    for (const RateGroup& group : groups) {
      optimizers_.push_back(make_optimizer(config, of(group, params)));
      members += group.members.size();
    }
    MAAS_CHECK(members == params.size());
  }
  void step(const Tensors& params, const Tensors& grads, double learning_rate) override {
    for (size_t i = 0; i < groups_.size(); ++i) {
      const RateGroup& group = groups_[i];
      optimizers_[i]->step(of(group, params), of(group, grads), learning_rate * group.share);
    }
  }
  TensorMap state() const override {
    TensorMap state;
    for (size_t i = 0; i < groups_.size(); ++i) {
      for (const auto& [name, tensor] : optimizers_[i]->state()) {
        const size_t slash = name.find('/');
        if (slash == name.npos) {
          state[i == 0 ? name : fmt::format("{}/group{}", name, i)] = tensor;
          continue;
        }
        const size_t index = groups_[i].members.at(std::stoul(name.substr(slash + 1)));
        state[fmt::format("{}/{}", name.substr(0, slash), index)] = tensor;
      }
    }
    return state;
  }

 private:
  static Tensors of(const RateGroup& group, const Tensors& all) {
    Tensors some;
    for (const size_t index : group.members) some.push_back(all.at(index));
    return some;
  }

  std::vector<RateGroup> groups_;
  std::vector<std::unique_ptr<Optimizer>> optimizers_;
};

}  // namespace

void Optimizer::load_state(const TensorMap& saved) {
  const at::NoGradGuard no_gradients;
  TensorMap own = state();
  for (auto& [name, tensor] : own) {
    const auto found = saved.find(name);
    if (found == saved.end() || found->second.sizes() != tensor.sizes()) {
      throw_input("optimizer state '" + name + "'",
                  found == saved.end() ? "is missing" : "has another shape",
                  "the state that this config's optimizer keeps",
                  "resume with the config that the run was started with");
    }
    tensor.copy_(found->second);
  }
}

std::unique_ptr<Optimizer> make_optimizer(const OptimizerConfig& config, const Tensors& params) {
  if (config.type == "sgd") return std::make_unique<Sgd>(config, params);
  if (config.type == "rmsprop") return std::make_unique<RmsProp>(config, params);
  return std::make_unique<Adam>(config, params);
}

std::unique_ptr<Optimizer> make_grouped_optimizer(const OptimizerConfig& config,
                                                  const Tensors& params,
                                                  const std::vector<RateGroup>& groups) {
  return std::make_unique<Grouped>(config, params, groups);
}

double clip_gradients(const Tensors& grads, double limit) {
  const double norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(grads))).item<double>();
  if (norm > limit && std::isfinite(norm)) at::_foreach_mul_(grads, limit / (norm + 1e-6));
  return norm;
}

bool are_finite(const Tensors& grads) {
  double sum = 0;
  for (const at::Tensor& grad : grads) sum += at::sum(grad).item<double>();
  return std::isfinite(sum);
}

}  // namespace maas
