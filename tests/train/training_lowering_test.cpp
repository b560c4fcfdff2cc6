// The graph of a training step, lowered, gives the loss and the gradients of the graph as written.
#include <ATen/ops/equal.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include "autodiff/expand.h"
#include "autodiff/gradients.h"
#include "call/builder.h"
#include "program/mode.h"
#include "run/against_float64.h"
#include "run/lower.h"
#include "run/plan.h"
#include "train/objective.h"
#include "train/trained_parameters.h"
#include "zoo/small_data.h"

namespace maas {
namespace {

constexpr int64_t kBatch = 3;

struct Step {
  Program graph;
  std::vector<at::Tensor> inputs;
};

Step step_of(const ModelConfig& config, const DataSpec& data) {
  const Program network = with_mode(build(config, data), Mode::kTrain);
  const Objective objective = supervised(network, {}, data.task);
  const auto names = trained_parameters(objective.graph, {});
  Step step{*with_gradients(expand_composites(objective.graph), names), {}};
  const auto size = static_cast<int64_t>(data.input.height);
  step.inputs = {at::randint(256, {kBatch, data.input.channels, size, size}, at::kByte),
                 at::randint(7, {kBatch}, at::kLong)};
  return step;
}

Program with_own_buffers(Program program) {
  for (auto& [name, tensor] : program.buffers) tensor = tensor.clone();
  return program;
}

std::vector<at::Tensor> run(const Program& graph, const Step& step, PlanFor plan_for) {
  seed_default_generator(1);
  return Plan::compile(graph, {.plan_for = plan_for, .rows = kBatch})->run_unchecked(step.inputs);
}

TEST(TrainingLowering, GivesTheLossAndTheGradientsOfTheGraphAsWritten) {
  ModelConfig normed = network("mlp");
  normed.batch_norm = true;
  ModelConfig convnet = network("convnet");
  convnet.dropout = 0;
  for (const ModelConfig& config : {normed, network("lenet5"), convnet, resnet(20)}) {
    const Step step = step_of(config, images(3, config.type == "lenet5" ? 32 : 16, 7));
    const Program plain = with_own_buffers(step.graph), lowered = with_own_buffers(step.graph);
    const auto exact = run(in_float64(step.graph), step, PlanFor::kAsIs);
    const auto written = run(plain, step, PlanFor::kAsIs);
    const auto made = run(lowered, step, PlanFor::kTraining);
    ASSERT_EQ(made.size(), exact.size());
    for (size_t i = 0; i < made.size(); ++i) {
      ASSERT_EQ(made[i].sizes(), exact[i].sizes());
      EXPECT_TRUE(made[i].is_contiguous());
      const auto off = [&](const at::Tensor& got) {
        return (got - exact[i]).norm().item<double>();
      };
      EXPECT_LE(off(made[i]), 8 * off(written[i]) + 1e-5 * exact[i].norm().item<double>())
          << config.type << " output " << i << " of norm " << exact[i].norm().item<double>();
    }
    for (const auto& [name, tensor] : plain.buffers) {
      EXPECT_LE((tensor - lowered.buffers.at(name)).abs().max().item<double>(), 1e-5) << name;
    }
  }
}

// A decomposed network asks for its input's sizes first; others read it for a second branch.
TEST(TrainingLowering, TurnsWhatIsReadBeforeTheConvolutionToo) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  const Handle first = g.relu(x);
  const Handle a = g.conv2d("a", x, 4, 3, {.padding = 1});
  const Handle b = g.conv2d("b", g.dropout(first, 0.5), 4, 3, {.padding = 1});
  const Handle loss = g.call("aten::mean", {{"self", ValueRef{g.relu(g.add(a, b)).id}}});
  const Program network = with_mode(g.finish({{"loss", loss}}), Mode::kTrain);
  Step step{*with_gradients(expand_composites(network), {"a.weight", "b.weight"}), {}};
  step.inputs = {at::randn({5, 3, 8, 8})};
  const auto made = run(step.graph, step, PlanFor::kTraining);
  EXPECT_EQ(made.size(), 3);
}

// By oneDNN such convolutions write beyond their memory where few channels lie last.
TEST(TrainingLowering, LeavesConvolutionsOfSinglePlacesWithAStrideAsTheyLie) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {3, 48, 48}, at::kFloat);
  const Handle short_cut = g.conv2d("short", x, 16, 1, {.stride = 2});
  const Handle body = g.conv2d("body", x, 16, 3, {.stride = 2, .padding = 1});
  const Handle h = g.relu(g.add(short_cut, body));
  const Handle loss = g.call("aten::mean", {{"self", ValueRef{h.id}}});
  const Program network = with_mode(g.finish({{"loss", loss}}), Mode::kTrain);
  Step step{*with_gradients(expand_composites(network), {"short.weight", "body.weight"}), {}};
  step.inputs = {at::randn({8, 3, 48, 48})};
  const auto plain = run(step.graph, step, PlanFor::kAsIs);
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto made = run(step.graph, step, PlanFor::kTraining);
    ASSERT_EQ(made.size(), plain.size());
    for (size_t i = 0; i < made.size(); ++i) EXPECT_TRUE(made[i].allclose(plain[i], 1e-3, 1e-5));
  }
}

TEST(TrainingLowering, TakesNormsWithWhatStandsBehindThem) {
  const Step step = step_of(resnet(20), images(3, 16, 7));
  const Program after = lower(step.graph, {.plan_for = PlanFor::kTraining});
  const auto count = [&](const std::string& op) {
    return std::count_if(after.nodes.begin(), after.nodes.end(),
                         [&](const Node& node) { return node.op == op; });
  };
  EXPECT_EQ(count("aten::native_batch_norm"), 0);
  EXPECT_EQ(count("aten::native_batch_norm_backward"), 0);
  EXPECT_EQ(count("aten::relu"), 0);
  EXPECT_EQ(count("aten::threshold_backward"), 9);  // of the sums, which the other side reads, too
}

}  // namespace
}  // namespace maas
