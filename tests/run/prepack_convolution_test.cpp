#include "run/prepack_convolution.h"

#include <gtest/gtest.h>

#include "run/lower_case.h"

namespace maas {
namespace {

Program lowered_for_packing(Program program) {
  return put_channels_last(prepack_convolution(std::move(program)));
}

TEST(PrepackConvolution, PacksEveryConvolution) {
  if (!has_packed_convolutions()) GTEST_SKIP() << "this libtorch packs no convolutions";
  const Program after = lowered_for_packing(small_resnet());
  EXPECT_EQ(count(after, "mkldnn::_convolution_pointwise"), 2);
  EXPECT_EQ(count(after, "aten::conv2d"), 0);
}

TEST(PrepackConvolution, KeepsTheOutputsWhateverTheBatch) {
  const Program before = small_resnet(), after = lowered_for_packing(before);
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-5);
}

TEST(PrepackConvolution, KeepsAViewOfAConvolutionsResultRight) {
  GraphBuilder g("net", 3);
  const Handle c = g.conv2d("conv", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {.stride = 2});
  const Program before = with_mode(g.finish({{"y", g.linear("fc", g.flatten(c), 5)}}), Mode::kEval);
  for (const int64_t batch : {1, 8})
    EXPECT_LT(difference(before, lowered_for_packing(before), batch), 1e-5);
}

TEST(PrepackConvolution, TurnsAViewOfAPackedConvolutionIntoAReshape) {
  GraphBuilder g("net", 3);
  const Handle c = g.conv2d("conv", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {});
  const Handle flat =
      g.call("aten::view", {{"self", ValueRef{c.id}}, {"size", IntList{{{-1}, {4 * 6 * 6}}}}});
  const Program before = with_mode(g.finish({{"y", g.linear("fc", flat, 5)}}), Mode::kEval);
  for (const int64_t batch : {1, 8})
    EXPECT_LT(difference(before, lowered_for_packing(before), batch), 1e-5);
}

TEST(PrepackConvolution, GivesPairsThatLieSideBySideToComplexNumbers) {
  GraphBuilder g("net", 3);
  const Handle c = g.conv2d("conv", g.input("x", {3, 8, 4}, at::kFloat), 4, 3, {});
  const Handle z = g.call("aten::view_as_complex", {{"self", ValueRef{c.id}}});
  const Program before = g.finish({{"y", g.call("aten::abs", {{"self", ValueRef{z.id}}})}});
  EXPECT_LT(difference(before, lowered_for_packing(before), 2), 1e-5);
}

TEST(PrepackConvolution, ConvolvesInGroupsWithDilation) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4, 9, 9}, at::kFloat);
  const Handle c = g.relu(g.conv2d("conv", x, 8, 3, {.padding = 1, .groups = 4}));
  const Program before = with_mode(g.finish({{"y", g.flatten(g.add(c, c))}}), Mode::kEval);
  EXPECT_LT(difference(before, lowered_for_packing(before), 2), 1e-5);
}

TEST(PrepackConvolution, LeavesAGraphThatLooksAtStridesAlone) {
  GraphBuilder g("net", 3);
  const Handle c = g.conv2d("conv", g.input("x", {3, 4, 4}, at::kFloat), 4, 3, {});
  Program program = g.finish({{"y", g.flatten(c)}});
  program.nodes.push_back(make_node("aten::as_strided", {{"self", ValueRef{c.id}}}));
  EXPECT_EQ(count(prepack_convolution(program), "aten::conv2d"), 1);
}

TEST(PrepackConvolution, TurnsTheInputOfAChainOnce) {
  if (!has_packed_convolutions()) GTEST_SKIP() << "this libtorch packs no convolutions";
  GraphBuilder g("net", 3);
  const Handle a = g.conv2d("a", g.input("x", {3, 8, 8}, at::kFloat), 4, 3, {});
  const Program before = g.finish({{"y", g.conv2d("b", a, 4, 3, {})}});
  EXPECT_EQ(count(lowered_for_packing(before), "aten::contiguous"), 1);
}

}  // namespace
}  // namespace maas
