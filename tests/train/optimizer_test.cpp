// Against the update rules written out for one number, in doubles; step by step beside torch.optim
// in tests/interop/training_reference_test.py.
#include "train/optimizer.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>

#include <cmath>
#include <functional>

#include "train/small_job.h"

namespace maas {
namespace {

using testing::HasSubstr;

constexpr int kSteps = 20;

// Another rate and gradient at every step: of p^2 / 2 plus a swing.
double rate_at(int step) { return 0.05 / (1 + 0.1 * step); }
double swing_at(int step) { return std::sin(1.0 + step); }

// One number that follows a rule: (parameter, gradient, rate, step from 1) -> parameter.
using Rule = std::function<double(double, double, double, int)>;

std::vector<double> by_rule(double start, const Rule& rule) {
  std::vector<double> path;
  double p = start;
  for (int step = 0; step < kSteps; ++step) {
    p = rule(p, p + swing_at(step), rate_at(step), step + 1);
    path.push_back(p);
  }
  return path;
}

std::vector<double> by_optimizer(double start, const OptimizerConfig& config) {
  const at::NoGradGuard no_gradients;
  const std::vector<at::Tensor> params = {at::full({3, 5}, start, at::kFloat),
                                          at::full({7}, start, at::kFloat)};
  const auto optimizer = make_optimizer(config, params);
  std::vector<double> path;
  for (int step = 0; step < kSteps; ++step) {
    std::vector<at::Tensor> grads;
    for (const at::Tensor& param : params) grads.push_back(param.add(swing_at(step)));
    optimizer->step(params, grads, rate_at(step));
    path.push_back(params[1].select(0, 6).item<double>());
    EXPECT_NEAR(params[0].min().item<double>(), path.back(), 1e-6);
    EXPECT_NEAR(params[0].max().item<double>(), path.back(), 1e-6);
  }
  return path;
}

void expect_path(const OptimizerConfig& config, const Rule& rule) {
  EXPECT_THAT(by_optimizer(1.5, config),
              testing::Pointwise(testing::DoubleNear(2e-6), by_rule(1.5, rule)));
}

TEST(Optimizer, SgdFollowsItsRule) {
  for (const double momentum : {0.0, 0.9}) {
    for (const bool nesterov : {false, true}) {
      if (nesterov && momentum == 0) continue;
      OptimizerConfig config{
          .type = "sgd", .weight_decay = 0.1, .momentum = momentum, .nesterov = nesterov};
      double buffer = 0;
      SCOPED_TRACE(testing::Message() << "momentum " << momentum << " nesterov " << nesterov);
      expect_path(config, [&](double p, double g, double rate, int step) {
        g += 0.1 * p;
        buffer = step == 1 ? g : momentum * buffer + g;
        return p - rate * (nesterov ? g + momentum * buffer : momentum > 0 ? buffer : g);
      });
    }
  }
}

// Two numbers in one optimizer of two groups, and each in one of its own.
TEST(GroupedOptimizer, StepsEachGroupAtItsShareOfTheRate) {
  const at::NoGradGuard no_gradients;
  for (const char* type : {"sgd", "adam", "adamw", "rmsprop"}) {
    const OptimizerConfig config{.type = type, .weight_decay = 0.1};
    const auto fresh = [] {
      return std::vector<at::Tensor>{at::full({3}, 1.5, at::kFloat), at::full({2}, -1, at::kFloat),
                                     at::full({4}, 0.5, at::kFloat)};
    };
    const std::vector<at::Tensor> together = fresh(), apart = fresh();
    const auto grouped = make_grouped_optimizer(
        config, together, {{.members = {1}}, {.members = {0, 2}, .share = 0.1}});
    const auto first = make_optimizer(config, {apart[1]});
    const auto second = make_optimizer(config, {apart[0], apart[2]});
    for (int step = 0; step < kSteps; ++step) {
      std::vector<at::Tensor> grads;
      for (const at::Tensor& param : together) grads.push_back(param.add(swing_at(step)));
      grouped->step(together, grads, rate_at(step));
      first->step({apart[1]}, {grads[1]}, rate_at(step));
      second->step({apart[0], apart[2]}, {grads[0], grads[2]}, 0.1 * rate_at(step));
    }
    for (size_t i = 0; i < apart.size(); ++i) EXPECT_TRUE(at::equal(together[i], apart[i])) << type;
  }
}

TEST(GroupedOptimizer, NamesItsStateByTheParametersPlace) {
  const std::vector<at::Tensor> params = {at::full({3}, 1, at::kFloat),
                                          at::full({2}, 1, at::kFloat)};
  const OptimizerConfig config{.type = "sgd", .momentum = 0.9};
  const auto grouped = make_grouped_optimizer(config, params, {{.members = {1}}, {.members = {0}}});
  const TensorMap state = grouped->state();
  EXPECT_EQ(state.at("momentum/0").numel(), 3);
  EXPECT_EQ(state.at("momentum/1").numel(), 2);
  EXPECT_TRUE(state.contains("started") && state.contains("started/group1"));
}

TEST(Gradients, AreFiniteWhenEveryElementIs) {
  const auto with = [](double odd) {
    at::Tensor grad = at::full({70, 70}, -1.5, at::kFloat);
    grad.view({-1}).select(0, 4321).fill_(odd);
    return std::vector<at::Tensor>{at::full({3}, 2.0, at::kFloat), grad};
  };
  EXPECT_TRUE(are_finite({}));
  EXPECT_TRUE(are_finite(with(1e30)));
  for (const double odd : {double{NAN}, double{INFINITY}, -double{INFINITY}}) {
    EXPECT_FALSE(are_finite(with(odd))) << odd;
    const std::vector<at::Tensor> grads = with(odd);
    EXPECT_FALSE(std::isfinite(clip_gradients(grads, 1))) << odd;
    EXPECT_EQ(grads[0].select(0, 0).item<float>(), 2.0F) << odd;
  }
}

TEST(Optimizer, AdamAndAdamWFollowTheirRules) {
  for (const char* type : {"adam", "adamw"}) {
    const bool decoupled = std::string(type) == "adamw";
    const OptimizerConfig config{
        .type = type, .weight_decay = 0.1, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3};
    double mean = 0, square = 0;
    SCOPED_TRACE(type);
    expect_path(config, [&](double p, double g, double rate, int step) {
      if (decoupled) p *= 1 - rate * 0.1;
      if (!decoupled) g += 0.1 * p;
      mean = 0.8 * mean + 0.2 * g;
      square = 0.95 * square + 0.05 * g * g;
      const double corrected = mean / (1 - std::pow(0.8, step));
      return p - rate * corrected / (std::sqrt(square / (1 - std::pow(0.95, step))) + 1e-3);
    });
  }
}

TEST(Optimizer, RmsPropFollowsItsRule) {
  for (const double momentum : {0.0, 0.9}) {
    const OptimizerConfig config{.type = "rmsprop",
                                 .weight_decay = 0.1,
                                 .momentum = momentum,
                                 .alpha = 0.9,
                                 .epsilon = 1e-2};
    double square = 0, buffer = 0;
    SCOPED_TRACE(momentum);
    expect_path(config, [&](double p, double g, double rate, int) {
      g += 0.1 * p;
      square = 0.9 * square + 0.1 * g * g;
      buffer = momentum * buffer + g / (std::sqrt(square) + 1e-2);
      return p - rate * buffer;
    });
  }
}

TEST(Optimizer, GoesOnFromItsStateWithTheSameBits) {
  const at::NoGradGuard no_gradients;
  for (const char* type : {"sgd", "adam", "adamw", "rmsprop"}) {
    OptimizerConfig config;
    config.type = type;
    const auto grads = [](int step) {
      return std::vector<at::Tensor>{at::arange(9, at::kFloat).sub(4).mul(swing_at(step))};
    };
    const std::vector<at::Tensor> whole = {at::arange(9, at::kFloat)};
    const auto first = make_optimizer(config, whole);
    for (int step = 0; step < 3; ++step) first->step(whole, grads(step), 0.1);
    const std::vector<at::Tensor> copy = {whole[0].clone()};
    const auto second = make_optimizer(config, copy);
    second->load_state(first->state());
    first->step(whole, grads(3), 0.1);
    second->step(copy, grads(3), 0.1);
    EXPECT_TRUE(at::equal(whole[0], copy[0])) << type;
  }
}

TEST(Optimizer, RefusesTheStateOfAnother) {
  const std::vector<at::Tensor> params = {at::arange(4, at::kFloat)};
  const std::vector<at::Tensor> larger = {at::arange(5, at::kFloat)};
  const auto adam = make_optimizer({}, params);
  EXPECT_THAT(
      error_of(ErrorKind::kInput,
               [&] { make_optimizer({.type = "rmsprop"}, params)->load_state(adam->state()); }),
      HasSubstr("is missing"));
  EXPECT_THAT(
      error_of(ErrorKind::kInput, [&] { make_optimizer({}, larger)->load_state(adam->state()); }),
      HasSubstr("has another shape"));
}

TEST(ClipGradients, ScalesTheNormOverAll) {
  const std::vector<at::Tensor> grads = {at::tensor({3.0, 0.0}, at::kFloat),
                                         at::tensor({0.0, 4.0, 12.0}, at::kFloat)};
  EXPECT_DOUBLE_EQ(clip_gradients(grads, 14), 13);
  EXPECT_EQ(grads[0].select(0, 0).item<double>(), 3);
  EXPECT_DOUBLE_EQ(clip_gradients(grads, 6.5), 13);
  EXPECT_NEAR(grads[0].select(0, 0).item<double>(), 1.5, 1e-6);
  EXPECT_NEAR(grads[1].select(0, 2).item<double>(), 6, 1e-6);
}

}  // namespace
}  // namespace maas
