// Every rule against libtorch's autograd, on the same graph.
#include "autodiff/gradients.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <ATen/ops/zeros_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "autodiff/expand.h"
#include "call/builder.h"
#include "call/convolutions.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "program/mode.h"
#include "support/evaluate_program.h"
#include "tensor/random.h"

namespace maas {
namespace {

using Build = std::function<Handle(GraphBuilder&, Handle)>;

Argument ref(Handle x) { return ValueRef{x.id}; }
IntList ints(const std::vector<int64_t>& numbers) { return int_list(numbers); }

// mean(f(x)^2), so that every element of f has its own gradient.
Program squared_mean(const std::vector<int64_t>& shape, const Build& build) {
  GraphBuilder g("net", 5);
  const Handle y = build(g, g.input("x", shape, at::kFloat));
  const Handle square = g.call("aten::pow.Tensor_Scalar", {{"self", ref(y)}, {"exponent", 2.0}});
  const Handle loss = g.call("aten::mean", {{"self", ref(square)}});
  return with_mode(g.finish({{"loss", loss}}), Mode::kTrain);
}

std::vector<std::string> names_of(const Program& program) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : program.parameters) names.push_back(name);
  return names;
}

std::vector<at::Tensor> by_autograd(Program program, const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> made;
  for (auto& [name, tensor] : program.parameters) {
    tensor = tensor.detach().clone().set_requires_grad(true);
  }
  for (auto& [name, tensor] : program.buffers) tensor = tensor.clone();
  seed_default_generator(1);
  evaluate(program, inputs).at(0).backward();
  for (auto& [name, tensor] : program.parameters) {
    made.push_back(tensor.grad().defined() ? tensor.grad() : at::zeros_like(tensor));
  }
  return made;
}

at::Tensor as_double(const at::Tensor& tensor) {
  return tensor.scalar_type() == at::kFloat ? tensor.to(at::kDouble) : tensor;
}

// The same graph in float64.
Program as_double(Program program) {
  for (auto* tensors : {&program.parameters, &program.buffers}) {
    for (auto& [name, tensor] : *tensors) tensor = as_double(tensor);
  }
  for (Value& value : program.values) {
    if (value.dtype == at::kFloat) value.dtype = at::kDouble;
  }
  return program;
}

struct Tolerance {
  double relative, absolute;
};

// The gradients of the graph and those of autograd agree.
void expect_same(const Program& program, const std::vector<at::Tensor>& inputs,
                 const Tolerance& tolerance) {
  std::string missing;
  const auto gradients = with_gradients(expand_composites(program), names_of(program), &missing);
  ASSERT_TRUE(gradients.has_value()) << "no rule for " << missing;
  Program own = *gradients;
  for (auto& [name, tensor] : own.buffers) tensor = tensor.clone();
  seed_default_generator(1);
  const auto outputs = evaluate(own, inputs);
  const auto wanted = by_autograd(program, inputs);
  ASSERT_EQ(outputs.size(), wanted.size() + 1);
  const auto names = names_of(program);
  for (size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(outputs[i + 1].sizes(), wanted[i].sizes()) << names[i];
    EXPECT_TRUE(at::allclose(outputs[i + 1], wanted[i], tolerance.relative, tolerance.absolute))
        << names[i];
  }
}

void expect_same(const Program& program, const std::vector<at::Tensor>& inputs) {
  expect_same(program, inputs, {1e-4, 1e-6});
  std::vector<at::Tensor> exact;
  for (const at::Tensor& input : inputs) exact.push_back(as_double(input));
  expect_same(as_double(program), exact, {1e-10, 1e-13});
}

void expect_same(const std::vector<int64_t>& shape, const Build& build) {
  std::vector<int64_t> sizes = {3};
  sizes.insert(sizes.end(), shape.begin(), shape.end());
  seed_default_generator(7);
  expect_same(squared_mean(shape, build), {at::randn(sizes)});
}

TEST(Gradients, OfLinearLayersOnMatricesAndOnMore) {
  expect_same({6}, [](auto& g, Handle x) { return g.linear("b", g.relu(g.linear("a", x, 5)), 4); });
  expect_same({2, 6}, [](auto& g, Handle x) { return g.linear("b", g.linear("a", x, 5), 4); });
}

TEST(Gradients, OfEveryActivation) {
  for (const char* kind : {"relu", "sigmoid", "tanh", "gelu", "silu", "leaky_relu", "hardtanh",
                           "hardswish", "hardsigmoid", "mish", "abs", "exp", "neg"}) {
    SCOPED_TRACE(kind);
    expect_same({6}, [&](auto& g, Handle x) { return g.activation(kind, g.linear("a", x, 5)); });
  }
}

TEST(Gradients, OfConvolutionsWithStridePaddingAndGroups) {
  expect_same({4, 7, 7}, [](auto& g, Handle x) {
    const Handle a = g.conv2d("a", x, 6, 3, {.stride = 2, .padding = 1, .groups = 2});
    return g.conv2d("b", a, 3, 2, {.bias = false});
  });
}

TEST(Gradients, OfPoolingAndTheFlattenBehindIt) {
  expect_same({2, 8, 8}, [](auto& g, Handle x) {
    const Handle a = g.max_pool2d(g.conv2d("a", x, 4, 3, {.padding = 1}), 3, 2, 1);
    const Handle b = avg_pool(g, g.conv2d("b", a, 4, 1, {}), {});
    return g.linear("c", g.add(g.flatten(b), g.flatten(b)), 3);
  });
  expect_same({2, 8, 8}, [](auto& g, Handle x) {
    return g.flatten(g.global_avg_pool(g.conv2d("a", x, 4, 3, {})));
  });
}

TEST(Gradients, OfBatchNormInTrainingAndLayerNorm) {
  expect_same({3, 5, 5}, [](auto& g, Handle x) {
    return g.batch_norm("n", g.conv2d("a", x, 4, 3, {.bias = false}));
  });
  expect_same({6}, [](auto& g, Handle x) { return g.layer_norm("n", g.linear("a", x, 5)); });
}

TEST(Gradients, UpdateTheRunningStatisticsAsTheForwardGraphDoes) {
  Program program = squared_mean({3, 5, 5}, [](auto& g, Handle x) {
    return g.batch_norm("n", g.conv2d("a", x, 4, 3, {.bias = false}));
  });
  const at::Tensor input = at::randn({3, 3, 5, 5});
  Program own = *with_gradients(expand_composites(program), names_of(program));
  for (Program* each : {&program, &own}) {
    for (auto& [name, tensor] : each->buffers) tensor = tensor.clone();
    evaluate(*each, {input});
  }
  for (const auto& [name, tensor] : program.buffers) {
    EXPECT_TRUE(at::allclose(tensor, own.buffers.at(name))) << name;
  }
}

TEST(Gradients, OfArithmeticWithBroadcasting) {
  for (const char* op : {"add", "sub", "mul", "div"}) {
    SCOPED_TRACE(op);
    expect_same({4, 6}, [&](GraphBuilder& g, Handle x) {
      const Handle y = g.linear("a", x, 5);
      const Handle row = g.parameter("row", at::randn({5}).abs() + 1);
      const Handle column = g.parameter("column", at::randn({4, 1}).abs() + 1);
      const auto both = [&](Handle a, Handle b) {
        return g.call(std::string("aten::") + op + ".Tensor",
                      {{"self", ref(a)}, {"other", ref(b)}});
      };
      return both(both(y, row), both(column, row));
    });
  }
  expect_same({6}, [](GraphBuilder& g, Handle x) {
    Handle y = g.linear("a", x, 5);
    y = g.call("aten::mul.Scalar", {{"self", ref(y)}, {"other", 3.0}});
    y = g.call("aten::div.Scalar", {{"self", ref(y)}, {"other", 7.0}});
    y = g.call("aten::add.Scalar", {{"self", ref(y)}, {"other", 1.0}});
    return g.call("aten::rsub.Scalar", {{"self", ref(y)}, {"other", 1.0}});
  });
}

TEST(Gradients, OfRootsLogarithmsAndPowers) {
  expect_same({6}, [](GraphBuilder& g, Handle x) {
    Handle y = g.call("aten::exp", {{"self", ref(g.linear("a", x, 5))}});
    y = g.call("aten::sqrt", {{"self", ref(y)}});
    y = g.call("aten::pow.Tensor_Scalar", {{"self", ref(y)}, {"exponent", 3.0}});
    return g.call("aten::log", {{"self", ref(y)}});
  });
}

TEST(Gradients, OfViewsPermutationsAndSlices) {
  expect_same({2, 6}, [](GraphBuilder& g, Handle x) {
    Handle y = g.linear("a", x, 8);
    y = g.call("aten::unflatten.int",
               {{"self", ref(y)}, {"dim", int64_t{-1}}, {"sizes", ints({2, 4})}});
    y = g.call("aten::permute", {{"self", ref(y)}, {"dims", ints({0, 2, 1, 3})}});
    y = g.call("aten::transpose.int",
               {{"self", ref(y)}, {"dim0", int64_t{1}}, {"dim1", int64_t{-1}}});
    y = g.call("aten::slice.Tensor",
               {{"self", ref(y)}, {"dim", int64_t{1}}, {"start", int64_t{1}}, {"end", int64_t{4}}});
    return g.call("aten::select.int",
                  {{"self", ref(y)}, {"dim", int64_t{1}}, {"index", int64_t{-1}}});
  });
}

TEST(Gradients, OfConcatenationsAndSums) {
  expect_same({6}, [](GraphBuilder& g, Handle x) {
    const Handle a = g.linear("a", x, 5), b = g.linear("b", x, 3);
    const Handle both = g.concat({a, b, a}, 1);
    const Handle sum = g.call("aten::sum.dim_IntList",
                              {{"self", ref(both)}, {"dim", ints({1})}, {"keepdim", true}});
    const Handle mean = g.call("aten::mean.dim", {{"self", ref(both)}, {"dim", ints({-1})}});
    return g.add(sum, g.call("aten::unsqueeze", {{"self", ref(mean)}, {"dim", int64_t{1}}}));
  });
}

// The numbers that they make have no derivative: what is added to them passes by, what they were
// made like gets nothing.
TEST(Gradients, StopAtConstants) {
  const std::vector<std::pair<const char*, std::vector<GraphBuilder::Operand>>> makers = {
      {"zeros_like", {}},
      {"ones_like", {}},
      {"full_like", {{"fill_value", 0.5}}},
      {"rand_like", {}},
      {"randn_like", {}},
      {"new_zeros", {{"size", ints({5})}}},
      {"new_ones", {{"size", ints({5})}}},
      {"new_full", {{"size", ints({5})}, {"fill_value", 2.0}}},
      {"detach", {}}};
  for (const auto& [op, more] : makers) {
    SCOPED_TRACE(op);
    expect_same({6}, [&, op = op, more = more](GraphBuilder& g, Handle x) {
      const Handle y = g.linear("a", x, 5);
      std::vector<GraphBuilder::Operand> operands = {{"self", ref(y)}};
      operands.insert(operands.end(), more.begin(), more.end());
      const Handle made = g.call(std::string("aten::") + op, operands);
      const Handle product = g.call("aten::mul.Tensor", {{"self", ref(made)}, {"other", ref(y)}});
      return g.add(g.add(made, g.parameter("row", at::randn({5}))), product);
    });
  }
  for (const auto& [op, operands] :
       std::vector<std::pair<const char*, std::vector<GraphBuilder::Operand>>>{
           {"zeros", {{"size", ints({5})}}},
           {"ones", {{"size", ints({5})}}},
           {"full", {{"size", ints({5})}, {"fill_value", 2.0}}},
           {"arange", {{"end", int64_t{5}}}},
           {"linspace", {{"start", 0.0}, {"end", 1.0}, {"steps", int64_t{5}}}}}) {
    SCOPED_TRACE(op);
    expect_same({6}, [&, op = op, operands = operands](GraphBuilder& g, Handle x) {
      const Handle made = g.call(std::string("aten::") + op, operands);
      return g.call("aten::mul.Tensor", {{"self", ref(g.linear("a", x, 5))}, {"other", ref(made)}});
    });
  }
}

TEST(Gradients, OfSoftmaxAndProductsOfBatches) {
  expect_same({4, 6}, [](GraphBuilder& g, Handle x) {
    const Handle q = g.linear("q", x, 5), k = g.linear("k", x, 5);
    const Handle transposed = g.call(
        "aten::transpose.int", {{"self", ref(k)}, {"dim0", int64_t{1}}, {"dim1", int64_t{2}}});
    const Handle scores = g.call("aten::matmul", {{"self", ref(q)}, {"other", ref(transposed)}});
    const Handle p = g.call("aten::softmax.int", {{"self", ref(scores)}, {"dim", int64_t{-1}}});
    return g.call("aten::log_softmax.int",
                  {{"self", ref(g.call("aten::matmul", {{"self", ref(p)}, {"other", ref(k)}}))},
                   {"dim", int64_t{-1}}});
  });
}

TEST(Gradients, OfCausalAttention) {
  expect_same({4, 8}, [](GraphBuilder& g, Handle x) {
    const auto heads = [&](const char* name) {
      const Handle y = g.call(
          "aten::unflatten.int",
          {{"self", ref(g.linear(name, x, 8))}, {"dim", int64_t{-1}}, {"sizes", ints({2, 4})}});
      return g.call("aten::transpose.int",
                    {{"self", ref(y)}, {"dim0", int64_t{1}}, {"dim1", int64_t{2}}});
    };
    return g.call("aten::scaled_dot_product_attention", {{"query", ref(heads("q"))},
                                                         {"key", ref(heads("k"))},
                                                         {"value", ref(heads("v"))},
                                                         {"is_causal", true}});
  });
}

TEST(Gradients, OfDropoutDrawWhatTheForwardGraphDraws) {
  expect_same({64}, [](auto& g, Handle x) { return g.dropout(g.linear("a", x, 50), 0.4); });
}

TEST(Gradients, OfEmbeddings) {
  GraphBuilder g("net", 5);
  const Handle rows = g.input("x", {4}, at::kLong);
  const Handle y = g.embedding("e", rows, 10, 3);
  const Handle square = g.call("aten::pow.Tensor_Scalar", {{"self", ref(y)}, {"exponent", 2.0}});
  const Program program = g.finish({{"loss", g.call("aten::mean", {{"self", ref(square)}})}});
  expect_same(program, {at::randint(0, 10, {3, 4})});
}

struct Loss {
  const char* op;
  std::vector<GraphBuilder::Operand> more;
};

TEST(Gradients, OfEveryLoss) {
  const at::Tensor weights = at::tensor({1.0F, 0.5F, 2.0F, 1.5F});
  for (const Loss& loss :
       std::vector<Loss>{{"cross_entropy_loss", {}},
                         {"cross_entropy_loss", {{"label_smoothing", 0.2}}},
                         {"cross_entropy_loss", {{"label_smoothing", 0.2}, {"weight", None{}}}},
                         {"cross_entropy_loss", {{"weight", None{}}}},
                         {"binary_cross_entropy_with_logits", {}},
                         {"binary_cross_entropy_with_logits", {{"weight", None{}}}},
                         {"mse_loss", {}},
                         {"l1_loss", {}},
                         {"huber_loss", {{"delta", 0.3}}}}) {
    SCOPED_TRACE(std::string(loss.op) + (loss.more.empty() ? "" : " with options"));
    GraphBuilder g("net", 5);
    const Handle y = g.linear("a", g.input("x", {6}, at::kFloat), 4);
    const bool classes = std::string(loss.op) == "cross_entropy_loss";
    const Handle target =
        classes ? g.input("target", {}, at::kLong) : g.input("target", {4}, at::kFloat);
    std::vector<GraphBuilder::Operand> operands = {{"self", ref(y)}, {"target", ref(target)}};
    for (GraphBuilder::Operand operand : loss.more) {
      if (operand.name == "weight") operand.value = ref(g.buffer("class_weights", weights));
      operands.push_back(operand);
    }
    const Program program = g.finish({{"loss", g.call(std::string("aten::") + loss.op, operands)}});
    expect_same(program, {at::randn({3, 6}), classes ? at::randint(0, 4, {3}) : at::rand({3, 4})});
  }
}

TEST(Gradients, OfParametersWithoutInfluenceAreZero) {
  GraphBuilder g("net", 5);
  const Handle x = g.input("x", {6}, at::kFloat);
  g.parameter("idle", at::randn({2, 2}));
  const Program program =
      g.finish({{"loss", g.call("aten::mean", {{"self", ref(g.linear("a", x, 5))}})}});
  const Program own = *with_gradients(expand_composites(program), {"idle"});
  EXPECT_TRUE(at::allclose(evaluate(own, {at::randn({3, 6})}).at(1), at::zeros({2, 2})));
}

TEST(Gradients, NameTheOperatorWithoutARule) {
  GraphBuilder g("net", 5);
  const Handle y = g.linear("a", g.input("x", {6}, at::kFloat), 5);
  const Handle z = g.call("aten::cumsum", {{"self", ref(y)}, {"dim", int64_t{1}}});
  const Program program = g.finish({{"loss", g.call("aten::mean", {{"self", ref(z)}})}});
  std::string missing;
  EXPECT_FALSE(with_gradients(program, {"a.weight"}, &missing).has_value());
  EXPECT_EQ(missing, "aten::cumsum");
}

}  // namespace
}  // namespace maas
