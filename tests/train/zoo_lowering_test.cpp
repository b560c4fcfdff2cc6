// Networks of the zoo, lowered for inference, are as right as they are in their stored form, with
// norms that shift and scale a lot.
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <gtest/gtest.h>

#include "program/mode.h"
#include "run/against_float64.h"
#include "run/plan.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

// Statistics and gains whose sizes differ by up to ten to the `spread` from channel to channel.
void spoil_norms(Program& program, double spread) {
  const auto sizes = [&](const at::Tensor& like) {
    return ((at::rand(like.sizes()) - 0.5) * 2 * spread).mul(2.302585).exp();
  };
  for (auto& [name, tensor] : program.buffers) {
    if (name.ends_with("running_mean")) tensor = sizes(tensor) * (at::rand(tensor.sizes()) - 0.5);
    if (name.ends_with("running_var")) tensor = sizes(tensor);
  }
}

TEST(ZooLowering, IsAsRightAsTheStoredNetwork) {
  ModelConfig normed = network("mlp");
  normed.batch_norm = true;
  for (const ModelConfig& config : {normed, network("lenet5"), network("convnet"), resnet(20)}) {
    const DataSpec data = images(3, 32, 7);
    Program program = with_mode(build(config, data), Mode::kEval);
    for (const double spread : {0.0, 3.0}) {
      spoil_norms(program, spread);
      const at::Tensor x = at::randint(256, {2, 3, 32, 32}, at::kByte);
      const at::Tensor exact = Plan::compile(in_float64(program))->run({x}).at(0);
      const at::Tensor stored = Plan::compile(program)->run({x}).at(0).to(at::kDouble);
      const auto lowered = Plan::compile(program, {.plan_for = PlanFor::kInference});
      const at::Tensor fast = lowered->run({x}).at(0).to(at::kDouble);
      EXPECT_EQ(fault_of(fast, stored, exact), "") << config.type << config.depth << " " << spread;
    }
  }
}

}  // namespace
}  // namespace maas
