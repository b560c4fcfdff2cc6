#include "program/size_rules.h"

#include <gtest/gtest.h>

namespace maas {
namespace {

Program program_with(std::vector<std::string> rules) {
  Program program;
  program.symbols = {{"s0", {2, 200}}, {"s1", {2, std::nullopt}}};
  program.size_rules = std::move(rules);
  return program;
}

using Sizes = SymbolValues;

TEST(SizeRules, NameTheFirstThatDoesNotHold) {
  const SizeRules rules(program_with({"2*(s0//2) == s0", "Mod(s1, 32) == 0"}));
  EXPECT_EQ(rules.broken({{"s0", 4}, {"s1", 64}}), nullptr);
  EXPECT_EQ(rules.broken({{"s0", 5}, {"s1", 33}})->infix(), "2*FloorDiv(s0, 2) == s0");
  EXPECT_EQ(rules.broken({{"s0", 4}, {"s1", 33}})->infix(), "Mod(s1, 32) == 0");
}

TEST(SizeRules, HoldWhereASymbolIsNotKnownAndBreakWhereTheyHaveNoValue) {
  const SizeRules rules(program_with({"s0 // (s1 - 4) > 0"}));
  EXPECT_EQ(rules.broken({{"s0", 4}}), nullptr);
  EXPECT_NE(rules.broken({{"s0", 4}, {"s1", 4}}), nullptr);
}

TEST(SizeRules, FindSizesNearTheWantedOnes) {
  const SizeRules rules(program_with({"Mod(s0, 32) == 0", "s0 == 2*s1", "s1 != 32"}));
  EXPECT_EQ(rules.near({{"s0", 32}, {"s1", 16}}), (Sizes{{"s0", 32}, {"s1", 16}}));
  const auto near = rules.near({{"s0", 40}, {"s1", 7}});
  ASSERT_TRUE(near);
  EXPECT_EQ(rules.broken(*near), nullptr);
  EXPECT_EQ(rules.near({{"s0", 33}, {"s1", 16}}, {.fixed = {"s0"}}), std::nullopt);
}

TEST(SizeRules, KeepToTheRangesAndOffWhatIsToBeAvoided) {
  const SizeRules rules(program_with({"Mod(s0, 128) == 0"}));
  EXPECT_EQ(rules.near({{"s0", 190}}), (Sizes{{"s0", 128}}));  // 256 is beyond its range
  EXPECT_EQ(rules.near({{"s0", 129}}, {.avoided = {{"s0", 128}}}), std::nullopt);
}

TEST(SizeRules, ThatCannotBeKeptEndTheSearch) {
  const SizeRules rules(program_with({"s0 < s1", "s1 < s0"}));
  EXPECT_EQ(rules.near({{"s0", 4}, {"s1", 4}}), std::nullopt);
}

}  // namespace
}  // namespace maas
