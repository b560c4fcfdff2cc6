#include "call/made_inputs.h"

#include <gtest/gtest.h>

#include "call/builder.h"

namespace maas {
namespace {

GraphBuilder::Operand tensor(const std::string& name, Handle x) { return {name, ValueRef{x.id}}; }

TEST(MadeInputs, AreTheSameForTheSameSeedAndOfTheDeclaredType) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("x", {3}, at::kFloat), bytes = g.input("bytes", {4}, at::kByte);
  const Program program = g.finish({{"y", g.relu(x)}, {"z", g.relu(bytes)}});
  const auto first = made_inputs(program, {{"s0", 5}}, 7),
             again = made_inputs(program, {{"s0", 5}}, 7);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].sizes(), (std::vector<int64_t>{5, 3}));
  EXPECT_EQ(first[1].scalar_type(), at::kByte);
  EXPECT_TRUE(first[0].equal(again[0]) && first[1].equal(again[1]));
  EXPECT_FALSE(first[0].equal(made_inputs(program, {{"s0", 5}}, 8)[0]));
}

TEST(MadeInputs, KeepIndicesWithinTheirTable) {
  GraphBuilder g("net", 1);
  const Handle ids = g.input("ids", {200}, at::kLong);
  const Program program = g.finish({{"y", g.embedding("table", ids, 5, 2)}});
  const at::Tensor made = made_inputs(program, {{"s0", 2}}, 1, UnboundIntegers::kOnes)[0];
  EXPECT_EQ(made.min().item<int64_t>(), 0);
  EXPECT_EQ(made.max().item<int64_t>(), 4);
}

TEST(MadeInputs, KeepNumbersThatAreLookedUpWithinTheirTable) {
  GraphBuilder g("net", 1);
  const Handle x = g.input("numeric", {200}, at::kFloat);
  const Handle ids = g.call("aten::to.dtype", {{"self", ValueRef{x.id}}, {"dtype", at::kLong}});
  const Program program = g.finish({{"y", g.embedding("table", ids, 5, 2)}});
  const at::Tensor made = made_inputs(program, {{"s0", 2}}, 1)[0];
  EXPECT_EQ(made.scalar_type(), at::kFloat);
  EXPECT_EQ(made.min().item<float>(), 0);
  EXPECT_EQ(made.max().item<float>(), 4);
}

TEST(MadeInputs, AreAsWantedWhereNoRuleBoundsIntegers) {
  GraphBuilder g("net", 1);
  const Handle ids = g.input("ids", {50}, at::kLong);
  const Program program = g.finish({{"y", g.relu(ids)}});
  const auto sum = [&](UnboundIntegers unbound) {
    return made_inputs(program, {{"s0", 2}}, 1, unbound)[0].sum().item<int64_t>();
  };
  EXPECT_EQ(sum(UnboundIntegers::kZeros), 0);
  EXPECT_EQ(sum(UnboundIntegers::kOnes), 100);
  EXPECT_GT(sum(UnboundIntegers::kRandomBits), 20);
}

TEST(MadeInputs, BeginBagsAtZeroAndLetThemNotFall) {
  for (const bool has_last : {false, true}) {
    GraphBuilder g("bags", 1);
    const Handle ids = g.input("ids", {}, at::kLong), starts = g.input("starts", {}, at::kLong);
    const Handle table = g.input("table", {8, 2}, at::kFloat);
    const Handle same = g.call("aten::clone", {tensor("self", starts)});
    const Handle weight = g.call(
        "aten::select.int", {tensor("self", table), {"dim", int64_t{0}}, {"index", int64_t{0}}});
    const Handle y = g.call("aten::embedding_bag", {tensor("weight", weight),
                                                    tensor("indices", ids),
                                                    tensor("offsets", same),
                                                    {"include_last_offset", has_last}});
    const at::Tensor made = made_inputs(g.finish({{"y", y}}), {{"s0", 4}}, 1)[1];
    const std::vector<int64_t> found(made.const_data_ptr<int64_t>(),
                                     made.const_data_ptr<int64_t>() + 4);
    EXPECT_EQ(found,
              has_last ? (std::vector<int64_t>{0, 1, 2, 4}) : (std::vector<int64_t>{0, 1, 2, 3}));
  }
}

}  // namespace
}  // namespace maas
