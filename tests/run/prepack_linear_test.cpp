#include "run/prepack_linear.h"

#include <gtest/gtest.h>

#include "run/lower_case.h"

namespace maas {
namespace {

TEST(PrepackLinear, MultipliesWithATurnedViewOfTheWeight) {
  GraphBuilder g("net", 3);
  const Program before = g.finish({{"y", g.linear("fc", g.input("x", {6}, at::kFloat), 5)}});
  const Program after = prepack_linear(before);
  EXPECT_EQ(count(after, "aten::addmm"), 1);
  EXPECT_TRUE(after.parameters.at("turned").is_alias_of(before.parameters.at("fc.weight")));
  for (const int64_t batch : {1, 8}) EXPECT_LT(difference(before, after, batch), 1e-6);
}

TEST(PrepackLinear, LeavesALinearOnMoreDimensionsAlone) {
  GraphBuilder g("net", 3);
  const Program before = g.finish({{"y", g.linear("fc", g.input("x", {2, 6}, at::kFloat), 5)}});
  EXPECT_EQ(count(prepack_linear(before), "aten::linear"), 1);
}

TEST(PrepackLinear, TurnsATiedWeightOnce) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {6}, at::kFloat);
  const Handle w = g.parameter("w", at::rand({6, 6})), b = g.parameter("b", at::rand({6}));
  Handle y = x;
  for (int i = 0; i < 2; ++i) {
    y = g.call("aten::linear",
               {{"input", ValueRef{y.id}}, {"weight", ValueRef{w.id}}, {"bias", ValueRef{b.id}}});
  }
  const Program before = g.finish({{"y", y}}), after = prepack_linear(before);
  EXPECT_EQ(count(after, "aten::addmm"), 2);
  EXPECT_EQ(after.parameters.size(), before.parameters.size() + 1);
  EXPECT_LT(difference(before, after, 3), 1e-5);
}

}  // namespace
}  // namespace maas
