#include "train/trainer.h"

#include <ATen/autocast_mode.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_foreach_add.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_lerp.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/zeros_like.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <optional>

#include "autodiff/expand.h"
#include "autodiff/gradients.h"
#include "base/throw_error.h"
#include "program/last_layer.h"
#include "program/mode.h"
#include "program/rewrite.h"
#include "tensor/random.h"
#include "train/smallest_batch.h"
#include "train/trained_parameters.h"

namespace maas {
namespace {

// Matrix products and convolutions in bfloat16 while it lives, when asked for.
class PrecisionGuard {
 public:
  explicit PrecisionGuard(const std::string& precision) : active_(precision == "bf16") {
    if (!active_) return;
    at::autocast::set_autocast_dtype(at::kCPU, at::kBFloat16);
    at::autocast::set_autocast_enabled(at::kCPU, true);
    at::autocast::increment_nesting();
  }
  ~PrecisionGuard() {
    if (!active_) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(at::kCPU, false);
  }
  PrecisionGuard(const PrecisionGuard&) = delete;
  PrecisionGuard& operator=(const PrecisionGuard&) = delete;

 private:
  bool active_;
};

Batch part_of(const Batch& batch, int64_t part, int64_t parts) {
  if (parts == 1) return batch;
  const int64_t size = batch.size();
  const int64_t begin = size * part / parts, end = size * (part + 1) / parts;
  Batch piece;
  for (const at::Tensor& input : batch.inputs) piece.inputs.push_back(input.slice(0, begin, end));
  for (const at::Tensor& extra : batch.extras) piece.extras.push_back(extra.slice(0, begin, end));
  piece.targets = batch.targets.slice(0, begin, end);
  return piece;
}

}  // namespace

double average_decay(double decay, int64_t step_number) {
  const auto step = static_cast<double>(step_number);
  return std::min(decay, (1 + step) / (10 + step));
}

Trainer::Trainer(const Program& program, const Objective& objective, const TrainConfig& config,
                 uint64_t seed)
    : program_(with_mode(program, Mode::kTrain)),
      objective_(objective),
      config_(config),
      seed_(seed) {
  for (auto& [name, tensor] : program_.parameters) {
    tensor = tensor.detach().clone();
  }
  names_ = trained_parameters(objective.graph, freeze_patterns(program, config.freeze));
  for (const std::string& name : names_) params_.push_back(program_.parameters.at(name));
  for (auto& [name, tensor] : program_.buffers) tensor = tensor.detach().clone();
  for (const std::string& name : changing_buffers(program_)) {
    buffers_.push_back(program_.buffers.at(name));
    buffers_before_.push_back(buffers_.back().clone());
  }
  if (config_.ema > 0) {
    for (const at::Tensor& param : params_) average_.push_back(param.clone());
  }
  smallest_batch_ = smallest_batch(program_);
  optimizer_ = own_optimizer();
  Program& loss = objective_.graph;
  for (auto& [name, tensor] : loss.parameters) tensor = program_.parameters.at(name);
  for (auto& [name, tensor] : loss.buffers) tensor = program_.buffers.at(name);
  if (config_.precision == "fp32") {
    std::string missing;
    if (const auto step = with_gradients(expand_composites(loss), names_, &missing)) {
      gives_gradients_ = true;
      graph_ = *step;
      make_plan();
      return;
    }
    why_autograd_ = missing + " has no gradient rule in the form in which it is used";
  } else {
    why_autograd_ = "train.precision is " + config_.precision;
  }
  for (at::Tensor& param : params_) param.set_requires_grad(true);
  plan_ = Plan::compile(loss);
}

std::unique_ptr<Optimizer> Trainer::own_optimizer() const {
  if (!config_.body_learning_rate) return make_optimizer(config_.optimizer, params_);
  const LastLayer last = find_last_layer(program_, "train.body_learning_rate: the network");
  RateGroup head, body{.members = {}, .share = *config_.body_learning_rate / config_.learning_rate};
  for (size_t i = 0; i < names_.size(); ++i) {
    const bool is_last = names_[i] == last.weight || names_[i] == last.bias;
    (is_last ? head : body).members.push_back(i);
  }
  std::vector<RateGroup> groups;
  for (const RateGroup& group : {head, body}) {
    if (!group.members.empty()) groups.push_back(group);
  }
  return make_grouped_optimizer(config_.optimizer, params_, groups);
}

void Trainer::make_plan() {
  if (!graph_) return;
  plan_ = Plan::compile(*graph_, {.plan_for = PlanFor::kTraining, .rows = config_.batch_size});
}

double Trainer::differentiate(const Batch& batch, std::vector<at::Tensor>& gradients) {
  std::vector<at::Tensor> inputs = batch.inputs;
  inputs.insert(inputs.end(), batch.extras.begin(), batch.extras.end());
  inputs.push_back(batch.targets);
  if (!gives_gradients_) return differentiate_by_autograd(inputs, gradients);
  std::vector<at::Tensor> outputs = plan_->run_unchecked(inputs);
  gradients.assign(std::make_move_iterator(outputs.begin() + 1),
                   std::make_move_iterator(outputs.end()));
  return outputs[0].item<double>();
}

double Trainer::differentiate_by_autograd(const std::vector<at::Tensor>& inputs,
                                          std::vector<at::Tensor>& gradients) {
  const at::AutoGradMode with_gradients(true);
  at::Tensor loss;
  {
    const PrecisionGuard precision(config_.precision);
    loss = plan_->run_unchecked(inputs).at(0);
  }
  const auto value = loss.item<double>();
  gradients.clear();
  if (!std::isfinite(value)) return value;
  loss.backward();
  for (at::Tensor& param : params_) {
    // Nothing flowed to it through this batch (an operator without derivative): it counts as zero.
    gradients.push_back(param.grad().defined() ? param.grad() : at::zeros_like(param));
    param.mutable_grad() = at::Tensor();
  }
  return value;
}

StepResult Trainer::step(const Batch& given, int64_t step_number, double learning_rate) {
  const at::NoGradGuard no_gradients;
  Batch batch = given;
  if (objective_.extras) batch.extras = objective_.extras(batch.inputs);
  std::optional<c10::InferenceMode>
      without_autograd;  // its bookkeeping costs more than small layers
  if (gives_gradients_) without_autograd.emplace();
  seed_default_generator(mix_seed(seed_, "step", static_cast<uint64_t>(step_number)));
  StepResult result;
  std::vector<at::Tensor> gradients, sum;
  if (!buffers_.empty()) at::_foreach_copy_(buffers_before_, buffers_);
  const int64_t parts =
      std::min(config_.accumulate, std::max<int64_t>(1, batch.size() / smallest_batch_));
  for (int64_t part = 0; part < parts; ++part) {
    const Batch piece = part_of(batch, part, parts);
    const double share = objective_.weight(piece) / objective_.weight(batch);
    result.loss += differentiate(piece, gradients) * share;
    if (!std::isfinite(result.loss)) return left_out(result);
    if (parts == 1) break;
    if (part == 0) {
      sum = at::_foreach_mul(gradients, share);
    } else {
      at::_foreach_add_(sum, gradients, share);
    }
  }
  if (parts > 1) gradients = std::move(sum);
  if (config_.clip_norm > 0) {
    result.gradient_norm = clip_gradients(gradients, config_.clip_norm);
    if (!std::isfinite(result.gradient_norm)) return left_out(result);
  } else if (!are_finite(gradients)) {
    return left_out(result);
  }
  optimizer_->step(params_, gradients, learning_rate);
  if (!average_.empty()) update_average(step_number);
  return result;
}

StepResult Trainer::left_out(StepResult result) {
  if (!buffers_.empty()) at::_foreach_copy_(buffers_, buffers_before_);
  result.taken = false;
  return result;
}

void Trainer::update_average(int64_t step_number) {
  at::_foreach_lerp_(average_, params_, 1 - average_decay(config_.ema, step_number));
}

Program Trainer::snapshot() const {
  Program copy = with_mode(program_, Mode::kEval);
  for (auto& [name, tensor] : copy.parameters) tensor = tensor.detach().clone();
  size_t i = 0;
  for (const std::string& name : names_) {
    const at::Tensor& source = average_.empty() ? params_[i] : average_[i];
    copy.parameters[name] = source.detach().clone();
    ++i;
  }
  for (auto& [name, tensor] : copy.buffers) tensor = tensor.detach().clone();
  return copy;
}

TensorMap Trainer::weights() const {
  TensorMap weights;
  for (size_t i = 0; i < names_.size(); ++i) weights[names_[i]] = params_[i].detach();
  return weights;
}

TensorMap Trainer::state() const {
  TensorMap state;
  for (const auto& [name, tensor] : program_.parameters) {
    if (tensor.is_floating_point()) state["param/" + name] = tensor.detach();
  }
  for (size_t i = 0; i < average_.size(); ++i) state["ema/" + names_[i]] = average_[i];
  for (const auto& [name, tensor] : program_.buffers) state["buffer/" + name] = tensor;
  for (const auto& [name, tensor] : optimizer_->state()) state["optimizer/" + name] = tensor;
  return state;
}

void Trainer::load_state(const TensorMap& saved) {
  const at::NoGradGuard no_gradients;
  TensorMap optimizer_state;
  for (auto& [name, tensor] : state()) {
    const auto found = saved.find(name);
    if (found == saved.end() || found->second.sizes() != tensor.sizes() ||
        found->second.scalar_type() != tensor.scalar_type()) {
      throw_input(fmt::format("checkpoint: '{}'", name),
                  found == saved.end() ? "is missing" : "has another shape or dtype",
                  "the state of this config's model and optimizer",
                  "resume with the config that the run was started with");
    }
    if (name.rfind("optimizer/", 0) == 0) {
      optimizer_state[name.substr(10)] = found->second;
    } else {
      tensor.copy_(found->second);
    }
  }
  optimizer_->load_state(optimizer_state);
}

bool Trainer::has_finite_weights() const {
  for (const at::Tensor& param : params_) {
    if (!at::isfinite(param.detach()).all().item<bool>()) return false;
  }
  return true;
}

}  // namespace maas
