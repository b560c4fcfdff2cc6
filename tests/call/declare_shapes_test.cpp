#include "call/declare_shapes.h"

#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "call/verify.h"
#include "program/arguments.h"
#include "program/mode.h"
#include "support/scratch.h"

namespace maas {
namespace {

// Declares all anew, having forgotten what was declared.
Program declared_anew(Program program) {
  const Program original = program;
  for (const Node& node : program.nodes) {
    for (const Node::Output& output : node.outputs) {
      for (const ValueId id : output.ids) {
        if (id == kNoValue) continue;
        program.value(id).shape.clear();
        program.value(id).dtype = at::kBool;
      }
    }
  }
  return with_shapes(program, "test");
}

void expect_same_declarations(const Program& program) {
  const Program anew = declared_anew(program);
  ASSERT_EQ(anew.values.size(), program.values.size());
  for (size_t i = 0; i < program.values.size(); ++i) {
    EXPECT_EQ(to_text(anew.values[i].shape), to_text(program.values[i].shape))
        << program.values[i].name;
    EXPECT_EQ(anew.values[i].dtype, program.values[i].dtype) << program.values[i].name;
  }
  EXPECT_NO_THROW(verify(anew, "test"));
}

TEST(DeclareShapes, AgreesWithTheBuilder) {
  GraphBuilder g("test", 1);
  Handle x = g.input("x", {3, 8, 8}, at::kFloat);
  x = g.relu(g.batch_norm("bn", g.conv2d("conv", x, 6, 3, {.stride = 2, .padding = 1})));
  x = g.dropout(g.flatten(g.max_pool2d(x, 2, 2, 0)), 0.5);
  expect_same_declarations(with_mode(g.finish({{"y", g.linear("fc", x, 4)}}), Mode::kEval));
}

// Two images' height and width, each a symbol of its own; a size that both tell.
struct TwoSymbols {
  Program program;
  ValueId x = kNoValue;

  TwoSymbols() {
    x = add_user_input(program, "x", at::kFloat, {Dim("s0", 6), Dim("s1", 9), Dim(2)});
    program.symbols = {{"s0", {2, 64}}, {"s1", {2, 64}}};
  }
  ValueId add(const std::string& op, const std::vector<Operand>& operands, size_t count = 1) {
    Node node = make_node(op, operands);
    for (size_t i = 0; i < count; ++i) add_result(program, node, "v");
    program.nodes.push_back(node);
    return node.outputs.at(0).ids.at(0);
  }
  std::string shape_of(ValueId id) const { return to_text(program.value(id).shape); }
  void declare() {
    const ShapeDeclarer declarer(program, "test");
    for (size_t i = 0; i < program.nodes.size(); ++i) {
      declarer.declare_results(program, static_cast<int64_t>(i));
    }
  }
};

TEST(DeclareShapes, TellsTwoSymbolsApart) {
  TwoSymbols t;
  const ValueId turned = t.add(
      "aten::transpose.int", {{"self", ValueRef{t.x}}, {"dim0", int64_t{0}}, {"dim1", int64_t{1}}});
  const ValueId padded =
      t.add("aten::constant_pad_nd", {{"self", ValueRef{turned}}, {"pad", int_list({0, 0, 1, 2})}});
  const ValueId joined =
      t.add("aten::cat", {{"tensors", ValueList{{turned, turned}}}, {"dim", int64_t{0}}});
  t.declare();
  EXPECT_EQ(t.shape_of(turned), "[s1, s0, 2]");
  EXPECT_EQ(t.shape_of(padded), "[s1, s0 + 3, 2]");
  EXPECT_EQ(t.shape_of(joined), "[2*s1, s0, 2]");
}

TEST(DeclareShapes, FindsASizeOfTwoSymbolsAmongTheGraphsExpressions) {
  TwoSymbols t;
  const ValueId rows =
      t.add("aten::flatten.using_ints",
            {{"self", ValueRef{t.x}}, {"start_dim", int64_t{0}}, {"end_dim", int64_t{1}}});
  const ValueId same = t.add("aten::relu", {{"self", ValueRef{rows}}});
  t.program.value(rows).shape = {Dim("s0*s1", 54), Dim(2)};
  t.declare();
  EXPECT_EQ(t.shape_of(rows), "[s0*s1, 2]");
  EXPECT_EQ(t.shape_of(same), "[s0*s1, 2]");
}

TEST(DeclareShapes, RefusesASizeThatFollowsNoKnownExpression) {
  TwoSymbols t;
  const ValueId rows =
      t.add("aten::flatten.using_ints",
            {{"self", ValueRef{t.x}}, {"start_dim", int64_t{0}}, {"end_dim", int64_t{1}}});
  const ValueId row = t.add("aten::select.int",
                            {{"self", ValueRef{t.x}}, {"dim", int64_t{0}}, {"index", int64_t{0}}});
  t.add("aten::cat", {{"tensors", ValueList{{rows, row}}}, {"dim", int64_t{0}}});  // s0*s1 + s1
  EXPECT_THAT(error_of([&] { t.declare(); }),
              testing::AllOf(testing::HasSubstr("test: node 2"), testing::HasSubstr("size 0 of %"),
                             testing::HasSubstr("follows no known expression")));
}

// Under 6 and 7 it looks like s0 - 3.
TEST(DeclareShapes, DoesNotMistakeASizeThatIsRoundedDown) {
  const auto every = [](TwoSymbols& t, int64_t step) {
    return t.add("aten::slice.Tensor",
                 {{"self", ValueRef{t.x}}, {"dim", int64_t{0}}, {"step", step}});
  };
  for (const int64_t step : {2, 16}) {
    TwoSymbols t;
    every(t, step);
    EXPECT_THAT(error_of([&] { t.declare(); }), testing::HasSubstr("follows no known expression"));
  }
  TwoSymbols t;
  const ValueId first = every(t, 2), second = every(t, 2);
  t.program.value(first).shape = {Dim("(s0 + 1)//2", 3), Dim("s1", 9), Dim(2)};
  t.declare();
  EXPECT_EQ(t.shape_of(second), "[(s0 + 1)//2, s1, 2]");
}

TEST(DeclareShapes, StaysWithinTheRangesOfTheSymbols) {
  TwoSymbols t;
  const ValueId table = add_weight(t.program, "table", at::randn({20, 1, 2}));
  const ValueId rows = t.add("aten::sym_size.int", {{"self", ValueRef{t.x}}, {"dim", int64_t{0}}});
  t.program.value(rows).kind = ValueKind::kSymInt;
  const ValueId part =
      t.add("aten::slice.Tensor",
            {{"self", ValueRef{table}}, {"dim", int64_t{0}}, {"end", ValueRef{rows}}});
  t.program.value(part).shape = {Dim("s0", 6), Dim(1), Dim(2)};
  const ValueId sum =
      t.add("aten::add.Tensor", {{"self", ValueRef{t.x}}, {"other", ValueRef{table}}});
  t.program.nodes.back().set("other", ValueRef{part});
  t.program.symbols["s0"] = {2, 20};
  t.declare();
  EXPECT_EQ(t.shape_of(sum), "[s0, s1, 2]");
}

TEST(DeclareShapes, FollowsArithmeticOnSizes) {
  TwoSymbols t;
  const ValueId rows = t.add("aten::sym_size.int", {{"self", ValueRef{t.x}}, {"dim", int64_t{0}}});
  t.program.value(rows).kind = ValueKind::kSymInt;
  const ValueId twice = t.add("_operator::mul", {{"a", ValueRef{rows}}, {"b", int64_t{2}}});
  t.program.value(twice).kind = ValueKind::kSymInt;
  const ValueId shaped = t.add(
      "aten::new_zeros", {{"self", ValueRef{t.x}}, {"size", IntList{{{0, twice}, {5, kNoValue}}}}});
  t.declare();
  EXPECT_EQ(to_text(t.program.value(rows).number), "s0");
  EXPECT_EQ(to_text(t.program.value(twice).number), "2*s0");
  EXPECT_EQ(t.shape_of(shaped), "[2*s0, 5]");
}

TEST(DeclareShapes, KeepsTheDeclaredExpressionWhereItHolds) {
  TwoSymbols t;
  const ValueId same = t.add("aten::relu", {{"self", ValueRef{t.x}}});
  t.program.value(same).shape = {Dim("1*s0", 6), Dim("s1", 9), Dim(2)};
  t.declare();
  EXPECT_EQ(t.program.value(same).shape[0].expression, "1*s0");
}

TEST(DeclareShapes, GivesAConstantForWhatTheSymbolsDoNotMove) {
  TwoSymbols t;
  const ValueId sum = t.add("aten::sum", {{"self", ValueRef{t.x}}});
  const ValueId flag = t.add("aten::gt.Scalar", {{"self", ValueRef{t.x}}, {"other", 0.0}});
  t.declare();
  EXPECT_EQ(t.shape_of(sum), "[]");
  EXPECT_EQ(t.program.value(flag).dtype, at::kBool);
}

TEST(WithShapes, DeclaresAWeightThatHasBecomeSmaller) {
  GraphBuilder g("test", 1);
  const Handle h = g.linear("a", g.input("x", {6}, at::kFloat), 5);
  Program program = g.finish({{"y", g.relu(h)}});
  program.parameters["a.weight"] = at::randn({3, 6});
  program.parameters["a.bias"] = at::randn({3});
  EXPECT_THAT(error_of([&] { verify(program, "test"); }), testing::HasSubstr("a.weight"));
  const Program smaller = with_shapes(program, "test");
  EXPECT_NO_THROW(verify(smaller, "test"));
  EXPECT_EQ(to_text(smaller.output_shape()), "[s0, 3]");
}

TEST(WithShapes, NamesTheNodeThatTheSmallerWeightDoesNotFit) {
  GraphBuilder g("test", 1);
  const Handle h = g.linear("a", g.input("x", {6}, at::kFloat), 5);
  Program program = g.finish({{"y", g.linear("b", h, 4)}});
  program.parameters["a.weight"] = at::randn({3, 6});
  program.parameters["a.bias"] = at::randn({3});
  EXPECT_THAT(error_of([&] { with_shapes(program, "net.pt2"); }),
              testing::HasSubstr("net.pt2: node 1"));
}

}  // namespace
}  // namespace maas
