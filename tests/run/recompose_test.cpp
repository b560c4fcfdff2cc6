#include "run/recompose.h"

#include <ATen/TensorOperators.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "run/measure_plan.h"
#include "run/plan.h"
#include "tensor/random.h"

namespace maas {
namespace {

struct Net {
  GraphBuilder g{"net", 1};
  Handle x = g.input("x", {6}, at::kFloat);
  Handle w = g.parameter("fc.weight", normal_tensor({4, 6}, 1, 1));
  Handle b = g.parameter("fc.bias", normal_tensor({4}, 1, 2));

  Handle turned(const std::string& op) {
    if (op == "aten::t") return g.call(op, {{"self", ValueRef{w.id}}});
    if (op == "aten::permute")
      return g.call(op, {{"self", ValueRef{w.id}}, {"dims", int_list({1, 0})}});
    return g.call("aten::transpose.int",
                  {{"self", ValueRef{w.id}}, {"dim0", int64_t{-1}}, {"dim1", int64_t{0}}});
  }
};

bool is_one_linear(const Program& before) {
  const Program after = recompose(before);
  const auto inputs = example_inputs(before, 3);
  const at::Tensor a = Plan::compile(before)->run(inputs)[0];
  const at::Tensor b = Plan::compile(after)->run(inputs)[0];
  EXPECT_LT((a - b).abs().max().item<double>(), 1e-5);
  return after.nodes.size() == 1 && after.nodes[0].full_name() == "aten::linear";
}

TEST(Recompose, ProductsWithATurnedWeightAreLinears) {
  for (const char* turn : {"aten::t", "aten::permute", "aten::transpose"}) {
    Net a;
    const Handle sum = a.g.call("aten::addmm", {{"self", ValueRef{a.b.id}},
                                                {"mat1", ValueRef{a.x.id}},
                                                {"mat2", ValueRef{a.turned(turn).id}}});
    EXPECT_TRUE(is_one_linear(a.g.finish({{"y", sum}}))) << turn;
    Net b;
    const Handle product =
        b.g.call("aten::mm", {{"self", ValueRef{b.x.id}}, {"mat2", ValueRef{b.turned(turn).id}}});
    EXPECT_TRUE(is_one_linear(b.g.finish({{"y", product}}))) << turn;
    Net c;
    const Handle matmul = c.g.call(
        "aten::matmul", {{"self", ValueRef{c.x.id}}, {"other", ValueRef{c.turned(turn).id}}});
    EXPECT_TRUE(is_one_linear(c.g.finish({{"y", matmul}}))) << turn;
  }
}

TEST(Recompose, AProductThatIsScaledIsNoLinear) {
  Net net;
  const Handle sum = net.g.call("aten::addmm", {{"self", ValueRef{net.b.id}},
                                                {"mat1", ValueRef{net.x.id}},
                                                {"mat2", ValueRef{net.turned("aten::t").id}},
                                                {"beta", int64_t{1}},
                                                {"alpha", 0.5}});
  EXPECT_FALSE(is_one_linear(net.g.finish({{"y", sum}})));
}

TEST(Recompose, AProductOfTwoActivationsIsNoLinear) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {6}, at::kFloat);
  const Handle turned = g.call("aten::t", {{"self", ValueRef{x.id}}});
  const Handle y = g.call("aten::mm", {{"self", ValueRef{x.id}}, {"mat2", ValueRef{turned.id}}});
  EXPECT_FALSE(is_one_linear(g.finish({{"y", y}})));
}

// As run_decompositions() writes a linear on more dimensions.
TEST(Recompose, ABatchedProductWithARepeatedWeightAndItsBiasAreOneLinear) {
  Program program;
  const ValueId x = add_user_input(program, "x", at::kFloat, {3, 5, 6});
  const auto put = [&](Node node, std::vector<Dim> shape) {
    const ValueId y = add_result(program, node, "y", x);
    program.value(y).shape = std::move(shape);
    program.nodes.push_back(std::move(node));
    return ValueRef{y};
  };
  const ValueRef w{add_weight(program, "w", normal_tensor({4, 6}, 1, 1))};
  const ValueRef b{add_weight(program, "b", normal_tensor({4}, 1, 2))};
  const ValueRef turned = put(make_node("aten::t", {{"self", w}}), {6, 4});
  const ValueRef many =
      put(make_node("aten::expand", {{"self", turned}, {"size", int_list({3, 6, 4})}}), {3, 6, 4});
  const ValueRef viewed =
      put(make_node("aten::reshape", {{"self", many}, {"shape", int_list({3, 6, 4})}}), {3, 6, 4});
  const ValueRef product =
      put(make_node("aten::bmm", {{"self", ValueRef{x}}, {"mat2", viewed}}), {3, 5, 4});
  const ValueRef same =
      put(make_node("aten::view", {{"self", product}, {"size", int_list({3, 5, 4})}}), {3, 5, 4});
  const ValueRef sum =
      put(make_node("aten::add.Tensor", {{"self", same}, {"other", b}}), {3, 5, 4});
  program.outputs.push_back({GraphOutput::Kind::kUser, sum, "y"});
  const Program after = recompose(program);
  ASSERT_EQ(after.nodes.size(), 1U);
  EXPECT_EQ(after.nodes[0].full_name(), "aten::linear");
  const at::Tensor input = normal_tensor({3, 5, 6}, 1, 3);
  const at::Tensor a = Plan::compile(program)->run({input})[0];
  const at::Tensor c = Plan::compile(after)->run({input})[0];
  EXPECT_LT((a - c).abs().max().item<double>(), 1e-5);

  Program both = program;  // the product without its bias is wanted, too
  both.outputs.push_back({GraphOutput::Kind::kUser, product, "product"});
  const Program kept = recompose(both);
  const auto wanted = Plan::compile(both)->run({input}), found = Plan::compile(kept)->run({input});
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_LT((wanted[i] - found[i]).abs().max().item<double>(), 1e-5);
  }
}

}  // namespace
}  // namespace maas
