#include "run/quick_products.h"

#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "run/kernel_times.h"
#include "run/lower_case.h"

namespace maas {
namespace {

constexpr const char* kOneDnn = "mkldnn::_linear_pointwise";

Program by_onednn(const Program& program) {
  static KernelTimes times("onednn");
  return quick_products(program, {8, 1, &times});
}

ValueRef made(GraphBuilder& g, const std::string& op, const std::vector<Operand>& operands) {
  return ValueRef{g.call(op, operands).id};
}

// The three products of a layer: its result, the gradients of its input and of its weight.
Program step(const std::vector<int64_t>& sizes) {
  GraphBuilder g("step", 3);
  const Handle x = g.input("x", sizes, at::kFloat);
  const ValueRef w{g.parameter("w", at::randn({30, 20})).id},
      b{g.parameter("b", at::randn({30})).id};
  if (sizes.size() > 1) {
    const ValueRef y =
        made(g, "aten::linear", {{"input", ValueRef{x.id}}, {"weight", w}, {"bias", b}});
    const Handle dx = g.call("aten::matmul", {{"self", y}, {"other", w}});
    return g.finish({{"y", Handle{y.id}}, {"dx", dx}});
  }
  const ValueRef turned = made(g, "aten::t", {{"self", w}});
  const ValueRef y =
      made(g, "aten::addmm", {{"self", b}, {"mat1", ValueRef{x.id}}, {"mat2", turned}});
  const Handle dx = g.call("aten::mm", {{"self", y}, {"mat2", w}});
  const ValueRef dy = made(g, "aten::t", {{"self", y}});
  const Handle dw = g.call("aten::mm", {{"self", dy}, {"mat2", ValueRef{x.id}}});
  return g.finish({{"y", Handle{y.id}}, {"dx", dx}, {"dw", dw}});
}

void expect_same(const Program& before, const Program& after) {
  for (const int64_t batch : {1, 7, 64}) {
    const auto inputs = example_inputs(before, batch);
    const auto a = Plan::compile(before)->run(inputs), b = Plan::compile(after)->run(inputs);
    for (size_t i = 0; i < a.size(); ++i) {
      EXPECT_LT(((a[i] - b[i]).abs().max() / a[i].abs().max()).item<double>(), 1e-6) << i;
    }
  }
}

TEST(QuickProducts, TakesTheThreeProductsOfALayer) {
  if (!has_onednn_products()) GTEST_SKIP() << "no oneDNN here";
  const Program before = step({20}), after = by_onednn(before);
  EXPECT_EQ(count(after, kOneDnn), 3);
  expect_same(before, after);
}

TEST(QuickProducts, TakesThoseOfALayerOnMoreDimensions) {
  if (!has_onednn_products()) GTEST_SKIP() << "no oneDNN here";
  const Program before = step({5, 20}), after = by_onednn(before);
  EXPECT_EQ(count(after, kOneDnn), 2);
  expect_same(before, after);
}

TEST(QuickProducts, LeavesWhatMklComputesQuicker) {
  const Program before = step({20});
  EXPECT_EQ(to_text(quick_products(before, {})), to_text(before));
}

TEST(QuickProducts, SeesLaterChangesOfTheWeights) {
  const Program before = step({20}), after = by_onednn(before);
  before.parameters.at("w").mul_(3);
  expect_same(before, after);
}

TEST(QuickProducts, LeavesScaledSumsAndOtherDtypesAlone) {
  GraphBuilder g("net", 3);
  const Handle x = g.input("x", {4}, at::kFloat), z = g.input("z", {4}, at::kDouble);
  const ValueRef w{g.parameter("w", at::randn({4, 4})).id}, b{g.parameter("b", at::randn({4})).id};
  const ValueRef v{g.parameter("v", at::randn({4, 4}, at::kDouble)).id};
  const Handle scaled = g.call(
      "aten::addmm", {{"self", b}, {"mat1", ValueRef{x.id}}, {"mat2", w}, {"beta", int64_t{2}}});
  const Handle wide = g.call("aten::mm", {{"self", ValueRef{z.id}}, {"mat2", v}});
  EXPECT_EQ(count(by_onednn(g.finish({{"a", scaled}, {"b", wide}})), kOneDnn), 0);
}

}  // namespace
}  // namespace maas
