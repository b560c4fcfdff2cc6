#include "program/emit.h"

#include <ATen/ops/ones.h>
#include <gtest/gtest.h>

namespace maas {
namespace {

TEST(Emit, TakesTheOverloadApart) {
  const Node plain = make_node("aten::relu", {});
  EXPECT_EQ(plain.op, "aten::relu");
  EXPECT_EQ(plain.overload, "");
  const Node add = make_node("aten::add.Tensor", {{"self", ValueRef{1}}, {"alpha", int64_t{2}}});
  EXPECT_EQ(add.op, "aten::add");
  EXPECT_EQ(add.overload, "Tensor");
  EXPECT_EQ(add.full_name(), "aten::add.Tensor");
  ASSERT_EQ(add.arguments.size(), 2U);
  EXPECT_EQ(add.arguments[1].name, "alpha");
  EXPECT_TRUE(add.outputs.empty());
}

TEST(Emit, GivesResultsNamesOfTheirOwn) {
  Program program;
  const ValueId x = add_user_input(program, "x", at::kLong, {Dim("s0", 4), Dim(3)});
  Node node = make_node("aten::topk", {});
  const ValueId a = add_result(program, node, "topk", x), b = add_result(program, node, "topk");
  EXPECT_NE(program.value(a).name, program.value(b).name);
  EXPECT_EQ(program.value(a).dtype, at::kLong);
  EXPECT_EQ(to_text(program.value(a).shape), "[s0, 3]");
  EXPECT_TRUE(program.value(b).shape.empty());
  ASSERT_EQ(node.outputs.size(), 2U);
  EXPECT_EQ(node.outputs[1].ids[0], b);
}

TEST(Emit, LeavesANameToTheValueThatHasIt) {
  Program program;
  const ValueId x = add_user_input(program, "x", at::kFloat, {Dim(3)});
  program.value(x).name = "mul_v1";
  Node node = make_node("aten::mul.Tensor", {});
  EXPECT_NE(program.value(add_result(program, node, "mul")).name, "mul_v1");
}

TEST(Emit, NumbersAWeightWhoseNameIsTaken) {
  Program program;
  const at::Tensor one = at::ones({2}), two = at::ones({3}, at::kDouble);
  add_weight(program, "w", one);
  const ValueId second = add_weight(program, "w", two);
  EXPECT_TRUE(program.parameters.at("w").is_same(one));
  EXPECT_TRUE(program.parameters.at("w_1").is_same(two));
  EXPECT_EQ(program.value(second).dtype, at::kDouble);
  EXPECT_EQ(to_text(program.value(second).shape), "[3]");
  add_constant(program, "w", one);
  EXPECT_EQ(program.constants.count("w"), 1U);
}

TEST(Emit, PutsWeightsBeforeAndUserInputsBehindTheOthers) {
  Program program;
  add_user_input(program, "x", at::kFloat, {});
  add_user_input(program, "y", at::kFloat, {});
  add_weight(program, "w", at::ones({2}));
  ASSERT_EQ(program.inputs.size(), 3U);
  EXPECT_EQ(program.inputs[0].target, "w");
  EXPECT_EQ(program.user_inputs()[0]->target, "x");
  EXPECT_EQ(program.user_inputs()[1]->target, "y");
}

}  // namespace
}  // namespace maas
