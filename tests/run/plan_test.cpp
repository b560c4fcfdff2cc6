#include "run/plan.h"

#include <ATen/ops/allclose.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/relu.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "base/error.h"
#include "call/builder.h"

namespace maas {
namespace {

using testing::HasSubstr;

Program network() {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {8}, at::kFloat);
  return g.finish({{"y", g.linear("fc2", g.relu(g.linear("fc1", x, 16)), 4)}});
}

at::Tensor by_hand(const Program& program, const at::Tensor& x) {
  const auto& p = program.parameters;
  return at::linear(at::relu(at::linear(x, p.at("fc1.weight"), p.at("fc1.bias"))),
                    p.at("fc2.weight"), p.at("fc2.bias"));
}

TEST(Plan, ComputesWhatTheOperatorsComputeByHand) {
  const Program program = network();
  const at::Tensor x = at::randn({5, 8});
  EXPECT_TRUE(Plan::compile(program)->run({x})[0].equal(by_hand(program, x)));
}

TEST(Plan, TakesAnyBatchSize) {
  const auto plan = Plan::compile(network());
  for (const int64_t batch : {1, 2, 33})
    EXPECT_EQ(plan->run({at::randn({batch, 8})})[0].size(0), batch);
}

TEST(Plan, RecordsGradientsForItsParameters) {
  Program program = network();
  for (auto& [name, tensor] : program.parameters) tensor.set_requires_grad(true);
  Plan::compile(program)->run({at::randn({5, 8})})[0].sum().backward();
  for (auto& [name, tensor] : program.parameters) EXPECT_TRUE(tensor.grad().defined()) << name;
}

TEST(Plan, SeesInPlaceChangesOfTheWeights) {
  const Program program = network();
  const auto plan = Plan::compile(program);
  at::Tensor bias = program.parameters.at("fc2.bias");
  const at::Tensor x = at::randn({1, 8}), before = plan->run({x})[0];
  bias.add_(1);
  EXPECT_TRUE(at::allclose(plan->run({x})[0], before.add(1)));
}

TEST(Plan, NamesTheInputThatDoesNotFit) {
  const auto plan = Plan::compile(network());
  try {
    plan->run({at::randn({5, 9})});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("input 'x': f32[5, 9]; expected f32[s0, 8]"));
  }
  EXPECT_THROW(plan->run({at::randn({5, 8}).to(at::kDouble)}), Error);
  EXPECT_THROW(plan->run({}), Error);
}

TEST(Plan, RunsFromManyThreadsAtOnce) {
  const Program program = network();
  const auto plan = Plan::compile(program);
  const at::Tensor x = at::randn({3, 8}), expected = by_hand(program, x);
  std::vector<std::thread> threads;
  std::vector<int> right(4, 0);
  for (size_t t = 0; t < right.size(); ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) right[t] += plan->run({x})[0].equal(expected) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const int count : right) EXPECT_EQ(count, 200);
}

}  // namespace
}  // namespace maas
