#include "run/prepack_linear.h"

#include <gtest/gtest.h>

#include <limits>

#include "run/kernel_times.h"
#include "run/lower_case.h"

namespace maas {
namespace {

constexpr const char* kOneDnn = "mkldnn::_linear_pointwise";

Target for_onednn(int64_t rows = 1) {
  static KernelTimes times("onednn");
  return {rows, 1, &times};
}

TEST(PrepackLinear, MultipliesWithATurnedViewOfTheWeight) {
  GraphBuilder g("net", 3);
  const Program before = g.finish({{"y", g.linear("fc", g.input("x", {6}, at::kFloat), 5)}});
  const Program after = prepack_linear(before, {});
  EXPECT_EQ(count(after, "aten::addmm"), 1);
  EXPECT_TRUE(after.parameters.at("turned").is_alias_of(before.parameters.at("fc.weight")));
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-6);
}

TEST(PrepackLinear, LeavesALinearOnMoreDimensionsAlone) {
  GraphBuilder g("net", 3);
  const Program before = g.finish({{"y", g.linear("fc", g.input("x", {2, 6}, at::kFloat), 5)}});
  EXPECT_EQ(count(prepack_linear(before, {}), "aten::linear"), 1);
}

TEST(PrepackLinear, PacksTheWeightWhereOneDnnIsQuicker) {
  if (!has_onednn_products()) GTEST_SKIP() << "this libtorch has no products by oneDNN";
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{70}, {3, 70}, {2, 3, 70}}) {
    GraphBuilder g("net", 3);
    const Program before = g.finish({{"y", g.linear("fc", g.input("x", sizes, at::kFloat), 33)}});
    for (const int64_t rows : {1, 8, 64}) {
      const Program after = prepack_linear(before, for_onednn(rows));
      EXPECT_EQ(count(after, kOneDnn), 1);
      for (const int64_t batch : {1, 5, 64}) EXPECT_LT(difference(before, after, batch), 1e-6);
    }
  }
}

TEST(PrepackLinear, PacksColumnsWhereOurOwnProductIsQuicker) {
  static KernelTimes times("packed");
  for (const std::vector<int64_t>& sizes : {std::vector<int64_t>{70}, {3, 70}, {2, 3, 70}}) {
    GraphBuilder g("net", 3);
    const Program before = g.finish({{"y", g.linear("fc", g.input("x", sizes, at::kFloat), 33)}});
    const Program after = prepack_linear(before, {1, 1, &times});
    EXPECT_EQ(count(after, "maas::packed_linear"), 1);
    for (const int64_t batch : {1, 5, 64}) EXPECT_LT(difference(before, after, batch), 1e-6);
  }
}

TEST(PrepackLinear, LeavesInfiniteWeightsToMkl) {
  GraphBuilder g("net", 3);
  Program program = g.finish({{"y", g.linear("fc", g.input("x", {6}, at::kFloat), 5)}});
  program.parameters.at("fc.weight")[2][3] = std::numeric_limits<float>::infinity();
  EXPECT_EQ(count(prepack_linear(program, for_onednn()), kOneDnn), 0);
}

TEST(PrepackLinear, MakesATiedWeightReadyOnce) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {6}, at::kFloat);
  const Handle w = g.parameter("w", at::rand({6, 6})), b = g.parameter("b", at::rand({6}));
  Handle y = x;
  for (int i = 0; i < 2; ++i) {
    y = g.call("aten::linear",
               {{"input", ValueRef{y.id}}, {"weight", ValueRef{w.id}}, {"bias", ValueRef{b.id}}});
  }
  const Program before = g.finish({{"y", y}});
  for (const Target& target : {Target{}, for_onednn()}) {
    const Program after = prepack_linear(before, target);
    EXPECT_EQ(count(after, "aten::linear"), 0);
    EXPECT_EQ(after.parameters.size(), before.parameters.size() + 1);
    EXPECT_LT(difference(before, after, 3), 1e-5);
  }
}

}  // namespace
}  // namespace maas
