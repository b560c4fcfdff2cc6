// What verify() lets pass runs: thousands of broken graphs, each either refused with a message or
// computed without a complaint from libtorch.
#include <ATen/Parallel.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/rand.h>
#include <c10/util/Exception.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "base/error.h"
#include "call/builder.h"
#include "call/verify.h"
#include "run/mutate.h"
#include "run/plan.h"

namespace maas {
namespace {

Program feed_forward() {
  GraphBuilder g("feed forward", 1);
  Handle x = g.input("x", {12}, at::kFloat);
  x = g.batch_norm("bn", g.activation("tanh", g.linear("fc1", x, 8)));
  return g.finish({{"y", g.linear("fc2", g.dropout(x, 0.5), 4)}});
}

Program convolutional() {
  GraphBuilder g("convolutional", 1);
  const Handle x = g.input("x", {3, 10, 10}, at::kFloat);
  Handle a = g.relu(g.batch_norm("bn1", g.conv2d("conv1", x, 8, 3, {.stride = 1, .padding = 1})));
  const Handle b = g.batch_norm("bn2", g.conv2d("conv2", a, 8, 3, {.padding = 1, .bias = false}));
  a = g.max_pool2d(g.relu(g.add(a, b)), 2, 2, 0);
  return g.finish({{"y", g.linear("fc", g.flatten(g.global_avg_pool(a)), 5)}});
}

Program attention() {
  GraphBuilder g("attention", 1);
  const Handle tokens = g.input("tokens", {6}, at::kLong);
  const Handle x = g.embedding("embed", tokens, 20, 8);
  const Handle h = g.layer_norm("norm", x);
  const auto swap_heads = [&](Handle of) {
    return g.call("aten::transpose.int",
                  {{"self", ValueRef{of.id}}, {"dim0", int64_t{1}}, {"dim1", int64_t{2}}});
  };
  const auto shaped = [&](Handle of, const std::vector<IntOrValue>& sizes) {
    return g.call("aten::reshape", {{"self", ValueRef{of.id}}, {"shape", IntList{sizes}}});
  };
  const auto heads = [&](const std::string& name) {
    return swap_heads(shaped(g.linear(name, h, 8), {{-1}, {6}, {2}, {4}}));
  };
  const Handle q = heads("q"), k = heads("k"), v = heads("v");
  const Handle mixed =
      g.call("aten::scaled_dot_product_attention",
             {{"query", ValueRef{q.id}}, {"key", ValueRef{k.id}}, {"value", ValueRef{v.id}}});
  const Handle joined = shaped(swap_heads(mixed), {{-1}, {6}, {8}});
  const Handle both = g.concat({g.add(x, joined), h}, -1);
  const Handle pooled =
      g.call("aten::mean.dim", {{"self", ValueRef{both.id}}, {"dim", IntList{{{1}}}}});
  return g.finish({{"y", g.linear("fc", pooled, 3)}});
}

Program recurrent() {
  GraphBuilder g("recurrent", 1);
  const Handle x = g.input("x", {5, 3}, at::kFloat);
  const auto weight = [&](const std::string& name, const std::vector<int64_t>& sizes) {
    return g.parameter(name, at::rand(sizes)).id;
  };
  const Handle start =
      g.call("aten::new_zeros", {{"self", ValueRef{x.id}}, {"size", IntList{{{1}, {5}, {4}}}}});
  // Not batch first, so the symbol is the length of the sequence.
  const auto made =
      g.call_many("aten::lstm.input",
                  {{"input", ValueRef{x.id}},
                   {"hx", ValueList{{start.id, start.id}}},
                   {"params", ValueList{{weight("w_ih", {16, 3}), weight("w_hh", {16, 4}),
                                         weight("b_ih", {16}), weight("b_hh", {16})}}},
                   {"has_biases", true},
                   {"num_layers", int64_t{1}},
                   {"dropout", 0.0},
                   {"train", false},
                   {"bidirectional", false},
                   {"batch_first", false}},
                  3);
  return g.finish({{"y", g.linear("fc", made[0], 2)}});
}

std::vector<at::Tensor> inputs_of(const Program& program, int64_t batch) {
  std::vector<at::Tensor> inputs;
  for (const GraphInput* input : program.user_inputs()) {
    const Value& value = program.value(input->value);
    std::vector<int64_t> sizes;
    for (const Dim& dim : value.shape) {
      const auto expression = DimExpression::parse(dim.expression);
      sizes.push_back(dim.is_symbolic() && expression
                          ? expression->evaluate({{"s0", batch}}).value()
                          : dim.size);
    }
    inputs.push_back(c10::isIntegralType(value.dtype, true) ? at::ones(sizes, value.dtype)
                                                            : at::rand(sizes).to(value.dtype));
  }
  return inputs;
}

// "" when it runs, with and without lowering, and gives what it declares.
std::string failure_of(const Program& program) {
  try {
    for (const PlanFor plan_for : {PlanFor::kAsIs, PlanFor::kInference}) {
      const auto plan = Plan::compile(program, {.plan_for = plan_for});
      for (const int64_t batch : {2, 17}) plan->run(inputs_of(program, batch));
    }
  } catch (const c10::IndexError&) {
    return "";  // of these inputs, not of the graph
  } catch (const c10::LinAlgError&) {
    return "";
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

struct Count {
  int64_t refused = 0, run = 0;
};

Count try_mutants(const Program& original, uint64_t first_seed, uint64_t count) {
  Count counted;
  const bool trace = std::getenv("MAAS_MUTANT_TRACE") != nullptr;  // to find the one that crashes
  for (uint64_t seed = first_seed; seed < first_seed + count; ++seed) {
    Mutator mutator(seed);
    Program mutant = mutator.mutant_of(original);
    if (seed % 4 == 0) mutant = mutator.mutant_of(mutant);
    if (trace) std::cerr << "mutant " << seed << std::endl << (count == 1 ? to_text(mutant) : "");
    try {
      verify(mutant, "net.pt2");
    } catch (const Error& error) {
      counted.refused += 1;
      continue;
    } catch (const std::exception& error) {
      ADD_FAILURE() << "mutant " << seed << ": the verifier let through: " << error.what();
      continue;
    }
    counted.run += 1;
    const std::string failure = failure_of(mutant);
    if (!failure.empty()) {
      ADD_FAILURE() << "mutant " << seed << ": " << failure << "\n" << to_text(mutant);
    }
  }
  return counted;
}

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* given = std::getenv(variable);
  return given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
}

void expect_refused_or_run(const Program& program) {
  at::set_num_threads(1);  // so small, threads only wait for each other
  const uint64_t first = number_from("MAAS_MUTANT_FIRST", 0);
  const uint64_t mutants = number_from("MAAS_MUTANTS", 1000);
  const Count count = try_mutants(program, first, mutants);
  if (mutants == 1) return;  // somebody looks at it
  EXPECT_GT(count.refused, static_cast<int64_t>(mutants) / 3);
  EXPECT_GT(count.run, 0);
}

TEST(Mutants, OfAFeedForwardNetworkAreRefusedOrRun) { expect_refused_or_run(feed_forward()); }
TEST(Mutants, OfAConvolutionalNetworkAreRefusedOrRun) { expect_refused_or_run(convolutional()); }
TEST(Mutants, OfAnAttentionNetworkAreRefusedOrRun) { expect_refused_or_run(attention()); }

TEST(Mutants, OfARecurrentNetworkAreRefusedOrRun) { expect_refused_or_run(recurrent()); }

}  // namespace
}  // namespace maas
