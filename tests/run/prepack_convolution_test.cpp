#include "run/prepack_convolution.h"

#include <gtest/gtest.h>

#include "run/fuse_pointwise.h"
#include "run/kernel_times.h"
#include "run/lower_case.h"

namespace maas {
namespace {

Program lowered_for_packing(Program program) {
  return put_channels_last(prepack_convolution(std::move(program), {}));
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
  EXPECT_EQ(count(prepack_convolution(program, {}), "aten::conv2d"), 1);
}

// Whole, single places, strided, each channel alone, and in groups that only oneDNN takes.
Program all_kinds_of_convolutions() {
  GraphBuilder g("net", 3);
  const Handle a = g.relu(g.conv2d("a", g.input("x", {3, 9, 9}, at::kFloat), 20, 3, {}));
  const Handle b = g.relu(g.conv2d("b", a, 24, 1, {}));
  const Handle c = g.relu(g.conv2d("c", b, 24, 3, {.padding = 1, .groups = 24}));
  const Handle d = g.add(g.conv2d("d", c, 24, 1, {}), b);
  const Handle e = g.conv2d("e", d, 16, 1, {.stride = 2});
  return with_mode(
      g.finish({{"y", g.flatten(g.conv2d("f", e, 8, 3, {.padding = 1, .groups = 4}))}}),
      Mode::kEval);
}

TEST(PrepackConvolution, OurOwnKernelsComputeAsStored) {
  if (!has_packed_convolutions()) GTEST_SKIP() << "this libtorch packs no convolutions";
  KernelTimes times("packed");
  const Program before = all_kinds_of_convolutions();
  const Program packed = prepack_convolution(before, {1, 1, &times});
  EXPECT_EQ(count(packed, "maas::packed_convolution"), 4);
  EXPECT_EQ(count(packed, "maas::depthwise_convolution"), 1);
  EXPECT_EQ(count(packed, "mkldnn::_convolution_pointwise"), 1);
  const Program after = put_channels_last(fuse_pointwise(packed));
  EXPECT_EQ(count(after, "aten::relu") + count(after, "aten::add"), 0);
  EXPECT_EQ(count(after, "aten::contiguous"), 0);  // all inputs are made channels last already
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-5);
}

TEST(PrepackConvolution, WhicheverKernelWinsComputesAsStored) {
  if (!has_packed_convolutions()) GTEST_SKIP() << "this libtorch packs no convolutions";
  KernelTimes times;
  const Program before = all_kinds_of_convolutions();
  const Program after = fuse_pointwise(prepack_convolution(before, {2, 1, &times}));
  EXPECT_FALSE(times.all().empty());  // as many as there was time for
  EXPECT_EQ(count(after, "aten::conv2d"), 0);
  EXPECT_LT(difference(before, after, 2), 1e-5);
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
