// A part of a tensor is overwritten where it lies, and put back by the node: the same whole.
#include "pt2/view_inverse.h"

#include <ATen/ops/randn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "call/call.h"
#include "program/arguments.h"
#include "program/emit.h"

namespace maas {
namespace {

// x [3, 4, 6] as value 0 and the `pieces` results of a view of it, values 1 and on.
struct ViewOf {
  Program program;
  Node node;

  ViewOf(const std::string& op, std::vector<Operand> operands, size_t pieces = 0) {
    const ValueId x = add_user_input(program, "x", at::kFloat, {Dim(3), Dim(4), Dim(6)});
    operands.insert(operands.begin(), {"self", ValueRef{x}});
    node = make_node(op, operands);
    for (size_t i = 0; i < std::max<size_t>(pieces, 1); ++i) add_result(program, node, "part", x);
    if (pieces == 0) return;
    Node::Output list{{}, true};
    for (const Node::Output& output : node.outputs) list.ids.push_back(output.ids[0]);
    node.outputs = {list};
  }

  at::Tensor part(const at::Tensor& x, size_t output) const {
    Slots slots(program.values.size());
    slots[0] = x;
    Call(program, node, 0).run(slots);
    return slots[1 + output].toTensor();
  }

  void expect_put_back(size_t output = 0) const {
    const at::Tensor x = at::randn({3, 4, 6});
    const at::Tensor changed = at::randn(part(x, output).sizes());
    const at::Tensor expected = x.clone();
    part(expected, output).copy_(changed);
    auto back = put_back(node, output, 0, 1);
    ASSERT_TRUE(back) << node.full_name();
    back->outputs = {{{2}, false}};
    Slots slots(3);
    slots[0] = x;
    slots[1] = changed;
    Program holder = program;
    while (holder.values.size() < 3) holder.values.emplace_back();
    Call(holder, *back, 0).run(slots);
    EXPECT_TRUE(slots[2].toTensor().equal(expected)) << node.full_name();
  }
};

TEST(ViewInverse, PutsASliceBack) {
  ViewOf("aten::select.int", {{"dim", int64_t{1}}, {"index", int64_t{-1}}}).expect_put_back();
  ViewOf("aten::slice.Tensor",
         {{"dim", int64_t{2}}, {"start", int64_t{1}}, {"end", int64_t{6}}, {"step", int64_t{2}}})
      .expect_put_back();
  ViewOf("aten::narrow", {{"dim", int64_t{1}}, {"start", int64_t{1}}, {"length", int64_t{2}}})
      .expect_put_back();
  ViewOf("aten::diagonal", {{"offset", int64_t{1}}, {"dim1", int64_t{1}}, {"dim2", int64_t{2}}})
      .expect_put_back();
}

TEST(ViewInverse, TurnsAPermutationBack) {
  ViewOf("aten::permute", {{"dims", int_list({2, 0, 1})}}).expect_put_back();
  ViewOf("aten::permute", {{"dims", int_list({-1, -3, -2})}}).expect_put_back();
  ViewOf("aten::transpose.int", {{"dim0", int64_t{0}}, {"dim1", int64_t{2}}}).expect_put_back();
  ViewOf("aten::mT", {}).expect_put_back();
  ViewOf("aten::alias", {}).expect_put_back();
}

TEST(ViewInverse, GivesTheWholeItsShapeAgain) {
  ViewOf("aten::view", {{"size", int_list({12, 6})}}).expect_put_back();
  ViewOf("aten::flatten.using_ints", {{"start_dim", int64_t{0}}, {"end_dim", int64_t{-1}}})
      .expect_put_back();
  ViewOf("aten::unsqueeze", {{"dim", int64_t{1}}}).expect_put_back();
  ViewOf("aten::reshape", {{"shape", int_list({6, 12})}}).expect_put_back();
}

TEST(ViewInverse, PutsOnePieceOfManyBack) {
  for (const size_t piece : {0, 2}) {
    ViewOf("aten::unbind.int", {{"dim", int64_t{0}}}, 3).expect_put_back(piece);
    ViewOf("aten::split.Tensor", {{"split_size", int64_t{2}}, {"dim", int64_t{2}}}, 3)
        .expect_put_back(piece);
    ViewOf("aten::split_with_sizes", {{"split_sizes", int_list({1, 2, 1})}, {"dim", int64_t{1}}}, 3)
        .expect_put_back(piece);
  }
}

TEST(ViewInverse, HasNoNodeForAViewThatCoversElementsTwice) {
  EXPECT_FALSE(put_back(ViewOf("aten::expand", {{"size", int_list({2, 3, 4, 6})}}).node, 0, 0, 1));
  EXPECT_FALSE(put_back(ViewOf("aten::chunk", {{"chunks", int64_t{2}}}, 2).node, 0, 0, 1));
  EXPECT_FALSE(put_back(ViewOf("aten::relu", {}).node, 0, 0, 1));
}

Sharing sharing(const ViewOf& view) { return sharing_of(view.program, view.node); }

TEST(Sharing, IsKnownOfViewsAndCopies) {
  EXPECT_EQ(sharing(ViewOf("aten::view", {{"size", int_list({12, 6})}})), Sharing::kAlways);
  EXPECT_EQ(sharing(ViewOf("aten::relu", {})), Sharing::kNever);
  EXPECT_EQ(sharing(ViewOf("aten::clone", {})), Sharing::kNever);
}

TEST(Sharing, OfAReshapeDependsOnHowTheWholeLies) {
  ViewOf reshape("aten::reshape", {{"shape", int_list({12, 6})}});
  EXPECT_EQ(sharing(reshape), Sharing::kAlways);
  reshape.program.value(0).strides = {Dim(1), Dim(3), Dim(12)};
  EXPECT_EQ(sharing(reshape), Sharing::kMaybe);
}

TEST(Sharing, OfAConversionIsNoneWhereTheTypeOrLayoutChanges) {
  ViewOf conversion("aten::to.dtype", {{"dtype", at::kFloat}});
  EXPECT_EQ(sharing(conversion), Sharing::kAlways);
  conversion.program.value(1).dtype = at::kDouble;
  EXPECT_EQ(sharing(conversion), Sharing::kNever);
  conversion.program.value(1).dtype = at::kFloat;
  conversion.program.value(0).strides = {Dim(1), Dim(3), Dim(12)};
  EXPECT_EQ(sharing(conversion), Sharing::kNever);
  ViewOf copy("aten::to.dtype", {{"dtype", at::kFloat}, {"copy", true}});
  EXPECT_EQ(sharing(copy), Sharing::kNever);
}

}  // namespace
}  // namespace maas
