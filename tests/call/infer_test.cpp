#include "call/infer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "call/builder.h"
#include "program/emit.h"
#include "program/size_rules.h"
#include "support/scratch.h"

namespace maas {
namespace {

using testing::HasSubstr;

Program small_network() {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {8}, at::kFloat);
  return g.finish({{"y", g.linear("fc", g.relu(x), 4)}});
}

TEST(ShapeInference, SaysWhatEveryValueWouldBe) {
  const Program program = small_network();
  const Slots slots = ShapeInference("test").run(program, {{"s0", 7}});
  const ValueId y = std::get<ValueRef>(program.outputs[0].value).id;
  EXPECT_TRUE(slots[y].toTensor().is_meta());
  EXPECT_THAT(slots[y].toTensor().sizes().vec(), testing::ElementsAre(7, 4));
}

TEST(ShapeInference, NamesTheSizeThatItCannotCompute) {
  const ShapeInference inference("net.pt2");
  Value value;
  value.name = "x";
  value.shape = {Dim("s0", 4)};
  EXPECT_THAT(error_of([&] { inference.declared(value, {}); }),
              testing::AllOf(HasSubstr("net.pt2: value 'x'"), HasSubstr("size 's0'")));
  value.shape = {Dim("s0 - 9", 4)};
  EXPECT_THAT(error_of([&] { inference.declared(value, {{"s0", 4}}); }), HasSubstr("size -5"));
}

TEST(ShapeInference, RefusesATensorThatNoMemoryHolds) {
  Value value;
  value.name = "x";
  value.shape = {Dim(INT64_MAX / 2), Dim(16)};
  EXPECT_THAT(error_of([&] { ShapeInference("net.pt2").declared(value, {}); }),
              HasSubstr("a tensor that memory can hold"));
}

TEST(ShapeInference, NamesTheNodeWithLibtorchsReason) {
  Program program = small_network();
  program.value(program.user_inputs()[0]->value).shape[1] = Dim(9);
  EXPECT_THAT(error_of([&] {
                ShapeInference("net.pt2").run(program, {{"s0", 7}});
              }),
              testing::AllOf(HasSubstr("net.pt2: node 1"), HasSubstr("aten::linear")));
}

TEST(ShapeInference, RunsWhatHasNoRuleOnZerosOrRefusesIt) {
  GraphBuilder g("test", 1);
  const Handle x = g.input("x", {8}, at::kFloat);
  const Handle y = g.call("aten::logit", {{"self", ValueRef{x.id}}});
  const Program program = g.finish({{"y", y}});
  const Slots slots = ShapeInference("test").run(program, {{"s0", 3}});
  EXPECT_THAT(slots[y.id].toTensor().sizes().vec(), testing::ElementsAre(3, 8));
  EXPECT_THAT(error_of([&] {
                ShapeInference("test", WithoutRule::kRefuse).run(program, {{"s0", 3}});
              }),
              HasSubstr("no shape rule"));
}

TEST(SupposeNumbers, GivesWhatIsTakenFromATensorTheLeastThatTheFileAllows) {
  Program program;
  const ValueId x = add_user_input(program, "x", at::kLong, {});
  Node node = make_node("aten::item", {{"self", ValueRef{x}}});
  const ValueId number = add_result(program, node, "item");
  program.value(number).kind = ValueKind::kSymInt;
  program.value(number).number = Dim("u0", 3);
  Slots slots(program.values.size());
  slots[number] = int64_t{0};
  suppose_numbers(program, node, slots);
  EXPECT_EQ(slots[number].toInt(), 0);
  program.symbols["u0"] = {3, 9};
  suppose_numbers(program, node, slots);
  EXPECT_EQ(slots[number].toInt(), 3);
}

TEST(SampleSymbols, DifferInEverySymbolWithinItsRange) {
  Program program;
  add_user_input(program, "x", at::kFloat, {Dim("s0", 6), Dim("s1", 9)});
  add_user_input(program, "y", at::kFloat, {Dim("2*s2", 8)});
  program.symbols = {{"s0", {2, 6}}, {"s1", {9, 9}}};
  const auto [first, second] = sample_symbols(program);
  EXPECT_EQ(first, (SymbolValues{{"s0", 6}, {"s1", 9}, {"s2", 4}}));
  EXPECT_NE(second.at("s0"), 6);
  EXPECT_EQ(second.at("s1"), 9);
  EXPECT_NE(second.at("s2"), 4);
  EXPECT_EQ(smallest_symbols(program), (SymbolValues{{"s0", 2}, {"s1", 9}, {"s2", 2}}));
  const SymbolValues large = large_symbols(program);
  EXPECT_EQ(large.at("s0"), 6);
  EXPECT_GT(large.at("s2"), 1000);
}

TEST(SampleSymbols, KeepToTheSizeRules) {
  Program program;
  add_user_input(program, "x", at::kFloat, {Dim("s0", 4), Dim("s1", 32)});
  program.symbols = {{"s0", {2, std::nullopt}}, {"s1", {2, std::nullopt}}};
  program.size_rules = {"Mod(s1, 32) == 0", "FloorDiv(s1, 32) != 1 or s0 > 2"};
  const SizeRules rules(program);
  const auto [first, second] = sample_symbols(program);
  EXPECT_NE(second.at("s1"), first.at("s1"));
  for (const SymbolValues& sizes :
       {first, second, smallest_symbols(program), large_symbols(program)}) {
    EXPECT_EQ(rules.broken(sizes), nullptr);
  }
  EXPECT_GT(large_symbols(program).at("s1"), 900);
}

TEST(LinearDim, IsTheExpressionThroughTwoSizes) {
  EXPECT_EQ(to_text(*linear_dim("s0", {4, 5}, 4, 5)), "s0");
  EXPECT_EQ(to_text(*linear_dim("s0", {4, 6}, 9, 13)), "2*s0 + 1");
  EXPECT_EQ(to_text(*linear_dim("s0", {4, 5}, 2, 3)), "s0 - 2");
  EXPECT_EQ(to_text(*linear_dim("s0", {4, 5}, 7, 7)), "7");
  EXPECT_EQ(linear_dim("s0", {4, 6}, 2, 3), std::nullopt);
}

TEST(HasSizeOfData, IsTrueOfSizesThatNoInputTells) {
  Value value;
  value.shape = {Dim("u0", 3)};
  EXPECT_TRUE(has_size_of_data(value, {}));
  EXPECT_FALSE(has_size_of_data(value, {{"u0", 3}}));
  value.shape = {Dim("s0", 3)};
  EXPECT_FALSE(has_size_of_data(value, {}));
}

}  // namespace
}  // namespace maas
