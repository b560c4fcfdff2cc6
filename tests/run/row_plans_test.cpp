#include "run/row_plans.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <gtest/gtest.h>

#include <thread>

#include "call/builder.h"
#include "program/mode.h"

namespace maas {
namespace {

Program network() {
  GraphBuilder g("net", 3);
  const Handle c = g.relu(g.conv2d("conv", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {}));
  return with_mode(g.finish({{"y", g.linear("fc", g.flatten(c), 5)}}), Mode::kEval);
}

const Plan* plan_of(const RowPlans& plans, int64_t rows) {
  return &plans.plan_for({at::rand({rows, 3, 8, 8})});
}

TEST(RowPlans, HaveOnePlanForRunsOfAboutTheSameSize) {
  const RowPlans plans(network());
  const Plan *one = plan_of(plans, 1), *some = plan_of(plans, 8), *many = plan_of(plans, 64);
  EXPECT_NE(one, some);
  EXPECT_NE(some, many);
  EXPECT_EQ(plan_of(plans, 2), one);
  EXPECT_EQ(plan_of(plans, 3), some);
  EXPECT_EQ(plan_of(plans, 22), some);
  EXPECT_EQ(plan_of(plans, 23), many);
  EXPECT_EQ(plan_of(plans, 1000), many);
}

TEST(RowPlans, GiveTheResultsOfTheGraphForAnySize) {
  const Program program = network();
  const RowPlans plans(program);
  const auto as_is = Plan::compile(program);
  for (const int64_t rows : {1, 2, 7, 8, 64, 65}) {
    const at::Tensor x = at::rand({rows, 3, 8, 8});
    const at::Tensor expected = as_is->run({x})[0], given = plans.plan_for({x}).run({x})[0];
    EXPECT_LT((expected - given).abs().max().item<float>(), 1e-5) << rows;
  }
}

TEST(RowPlans, ShareTheWeightsThatNoPassRewrites) {
  const Program program = network();
  const RowPlans plans(program);
  std::vector<at::Tensor> tensors = {program.parameters.at("fc.weight")};
  for (const int64_t rows : {1, 8, 64}) {
    const Program& lowered = plan_of(plans, rows)->program();
    bool shared = false;
    for (const auto& [name, tensor] : lowered.parameters) {
      if (name == "packed_columns") tensors.push_back(tensor);  // made once for all plans
      for (const at::Tensor& known : tensors) {
        shared = shared || (tensor.has_storage() && tensor.is_alias_of(known));
      }
    }
    EXPECT_TRUE(shared) << rows;
  }
}

TEST(RowPlans, AreOneWhereTheBatchIsFixed) {
  Program program = network();
  for (Value& value : program.values) {
    if (!value.shape.empty() && value.shape[0].is_symbolic()) value.shape[0] = Dim(8);
  }
  const RowPlans plans(program);
  EXPECT_EQ(plan_of(plans, 8), plan_of(plans, 1));
  EXPECT_EQ(&plans.plan_for({}), plan_of(plans, 1));
}

TEST(RowPlans, AreMadeOnceForManyThreads) {
  const RowPlans plans(network());
  std::vector<const Plan*> seen(4);
  std::vector<std::jthread> threads;
  for (const Plan*& plan : seen) threads.emplace_back([&] { plan = plan_of(plans, 64); });
  threads.clear();
  for (const Plan* plan : seen) EXPECT_EQ(plan, plan_of(plans, 64));
}

}  // namespace
}  // namespace maas
