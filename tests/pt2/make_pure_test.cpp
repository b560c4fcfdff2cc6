// Each graph is run as it was written, in place, and as make_pure leaves it: the same outputs.
#include "pt2/make_pure.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "call/builder.h"
#include "call/call.h"
#include "call/verify.h"

namespace maas {
namespace {

using testing::HasSubstr;

std::vector<at::Tensor> results(const Program& program, const at::Tensor& input) {
  Slots slots(program.values.size());
  for (const GraphInput& graph_input : program.inputs) {
    slots[graph_input.value] = graph_input.kind == GraphInput::Kind::kUser
                                   ? input.clone()
                                   : program.tensor_of(graph_input).clone();
  }
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    Call(program, program.nodes[i], static_cast<int64_t>(i)).run(slots);
  }
  std::vector<at::Tensor> outputs;
  for (const GraphOutput& output : program.outputs) {
    const ValueId id = std::get<ValueRef>(output.value).id;
    outputs.push_back(slots[id].toTensor().clone());
  }
  return outputs;
}

class MakePure : public testing::Test {
 protected:
  ValueRef ref(Handle x) const { return ValueRef{x.id}; }
  Handle op(const std::string& name, Handle x, std::vector<GraphBuilder::Operand> more = {}) {
    more.insert(more.begin(), {"self", ref(x)});
    return g_.call(name, more);
  }
  Handle copy_of_input() { return op("aten::clone", x_); }
  Handle select(Handle x, int64_t index) {
    return op("aten::select.int", x, {{"dim", int64_t{1}}, {"index", index}});
  }
  Handle slice(Handle x, int64_t start, int64_t end) {
    return op("aten::slice.Tensor", x, {{"dim", int64_t{1}}, {"start", start}, {"end", end}});
  }
  Handle add_in_place(Handle x, double number) {
    return op("aten::add_.Scalar", x, {{"other", number}});
  }

  // Purifies, and compares.
  Program expect_same(const std::vector<Handle>& outputs) {
    std::vector<std::pair<std::string, Handle>> named;
    for (const Handle output : outputs)
      named.emplace_back("out" + std::to_string(output.id), output);
    const Program written = g_.finish(named);
    Program pure = written;
    make_pure(pure, "net.pt2");
    for (const Node& node : pure.nodes) EXPECT_THAT(node.op, testing::Not(testing::EndsWith("_")));
    verify(pure, "net.pt2");
    const at::Tensor input = at::randn({3, 4});
    const auto wanted = results(written, input), found = results(pure, input);
    for (size_t i = 0; i < wanted.size(); ++i) EXPECT_TRUE(found[i].equal(wanted[i])) << i;
    return pure;
  }
  std::string refusal(Handle output) {
    Program program = g_.finish({{"out", output}});
    try {
      make_pure(program, "net.pt2");
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  GraphBuilder g_{"net", 1};
  Handle x_ = g_.input("x", {4}, at::kFloat);
};

TEST_F(MakePure, LetsLaterReadsOfAChangedValueReadTheNewOne) {
  const Handle y = copy_of_input();
  const Handle z = op("aten::relu_", y);
  add_in_place(y, 1);
  expect_same({y, z, g_.add(y, z)});
}

TEST_F(MakePure, TakesAPartAsItsOwnWhenNothingElseLooksAtTheWhole) {
  const Handle y = copy_of_input();
  const Handle flat = op("aten::reshape", y, {{"shape", IntList{{{-1, kNoValue}}}}});
  const Program pure = expect_same({op("aten::relu_", flat)});
  EXPECT_EQ(pure.nodes.size(), 3U);
}

TEST_F(MakePure, PutsAChangedPartBack) {
  const Handle y = copy_of_input();
  add_in_place(select(y, 0), 5);
  op("aten::fill_.Scalar", slice(y, 1, 3), {{"value", 2.0}});
  expect_same({y});
}

TEST_F(MakePure, TakesTheOtherViewsOfAChangedWholeAgain) {
  const Handle y = copy_of_input();
  const Handle first = select(y, 0), part = slice(y, 0, 2);
  add_in_place(y, 3);
  const Handle inner = slice(part, 1, 2);
  add_in_place(part, 1);
  expect_same({y, first, part, inner});
}

TEST_F(MakePure, TurnsPermutationsAndReshapesRound) {
  const Handle y = copy_of_input();
  const Handle permuted =
      op("aten::permute", y, {{"dims", IntList{{{1, kNoValue}, {0, kNoValue}}}}});
  add_in_place(op("aten::select.int", permuted, {{"dim", int64_t{0}}, {"index", int64_t{2}}}), 7);
  const Handle wide = op("aten::unsqueeze", y, {{"dim", int64_t{1}}});
  add_in_place(op("aten::t", op("aten::squeeze.dim", wide, {{"dim", int64_t{1}}})), 1);
  expect_same({y, permuted, wide});
}

TEST_F(MakePure, KeepsTheTypeThatAComparisonInPlaceHas) {
  const Handle y = copy_of_input();
  op("aten::gt_.Scalar", y, {{"other", 0.0}});
  expect_same({y});
}

TEST_F(MakePure, KnowsTheOverloadsOfPow) {
  const Handle y = copy_of_input();
  op("aten::pow_.Scalar", y, {{"exponent", 2.0}});
  expect_same({y});
}

TEST_F(MakePure, KnowsOtherNamesOfArguments) {
  const Handle y = copy_of_input();
  op("aten::dropout_", y, {{"p", 0.5}, {"train", false}});
  op("aten::polygamma_", y, {{"n", int64_t{2}}});
  expect_same({y});
}

TEST_F(MakePure, TakesAChangeOfShapeAsAView) {
  const Handle y = copy_of_input();
  const Handle part = slice(y, 0, 2);
  const Handle turned = op("aten::transpose_", y, {{"dim0", int64_t{0}}, {"dim1", int64_t{1}}});
  add_in_place(turned, 1);
  expect_same({turned, part});
}

TEST_F(MakePure, RefusesAChangeOfShapeOfWhatIsReadLater) {
  const Handle y = copy_of_input();
  op("aten::unsqueeze_", y, {{"dim", int64_t{0}}});
  EXPECT_THAT(refusal(g_.relu(y)), HasSubstr("changes the shape of a value that is read later"));
}

TEST_F(MakePure, LeavesTheCallersInputAlone) {
  add_in_place(x_, 1);
  expect_same({x_});
}

TEST_F(MakePure, MakesAChangedBufferAnOutput) {
  const Handle count = g_.buffer("count", at::ones({4}));
  add_in_place(slice(g_.call("aten::unsqueeze", {{"self", ref(count)}, {"dim", int64_t{0}}}), 0, 2),
               1);
  Program program = g_.finish({{"out", g_.add(x_, count)}});
  make_pure(program, "net.pt2");
  ASSERT_EQ(program.outputs.size(), 2U);
  EXPECT_EQ(program.outputs[1].kind, GraphOutput::Kind::kBufferMutation);
  EXPECT_EQ(program.outputs[1].target, "count");
  const auto found = results(program, at::ones({1, 4}));
  EXPECT_TRUE(found[1].equal(at::tensor({2.0F, 2.0F, 1.0F, 1.0F}))) << found[1];
}

TEST_F(MakePure, RefusesToChangeAWeight) {
  const Handle weight = g_.parameter("scale", at::ones({4}));
  EXPECT_THAT(refusal(add_in_place(weight, 1)), HasSubstr("changes a weight"));
}

TEST_F(MakePure, TellsByTheStridesWhetherAReshapeIsACopy) {
  const Handle y = copy_of_input();
  add_in_place(op("aten::flatten.using_ints", y), 1);
  add_in_place(op("aten::contiguous", y), 1);
  expect_same({y});
}

TEST_F(MakePure, RefusesWhatMayOrMayNotShareMemory) {
  const Handle y = copy_of_input();
  add_in_place(op("aten::narrow",
                  op("aten::movedim.int", y, {{"source", int64_t{0}}, {"destination", int64_t{1}}}),
                  {{"dim", int64_t{0}}, {"start", int64_t{0}}, {"length", int64_t{2}}}),
               1);
  const std::string said = refusal(op("aten::relu", y));
  EXPECT_THAT(said, HasSubstr("aten::add_.Scalar"));
  EXPECT_THAT(said, HasSubstr("may share memory"));
  EXPECT_THAT(said, HasSubstr("run_decompositions"));
}

}  // namespace
}  // namespace maas
