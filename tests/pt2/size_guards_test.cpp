#include "pt2/size_guards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/emit.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class SizeGuards : public testing::Test {
 protected:
  SizeGuards() {
    add_user_input(program_, "x", at::kFloat, {Dim("s0", 4), 3, Dim("2*s1", 8)});
    GraphInput constant;
    constant.kind = GraphInput::Kind::kConstantScalar;
    constant.target = "flag";
    program_.inputs.push_back(constant);
    add_user_input(program_, "more_0_key", at::kFloat, {Dim("s2", 5)});
  }
  void take(const std::vector<std::string>& guards) { take_size_guards(program_, guards); }

  Program program_;
};

TEST_F(SizeGuards, AreRulesOverTheSymbolsOfTheInputs) {
  take({"(L['x'].size()[2] % 32) == 0", "L['more'][0]['Key'].size()[0] <= L['x'].size()[0]",
        "L['flat_args'][2].size()[0] != 1"});
  EXPECT_THAT(program_.size_rules, ElementsAre("Mod(2*s1, 32) == 0", "s2 <= s0", "s2 != 1"));
  EXPECT_THAT(program_.unread_guards, IsEmpty());
}

TEST_F(SizeGuards, ThatAlwaysHoldAreLeftOutAndTwinsAreOne) {
  take({"L['x'].size()[1] == 3", "L['x'].size()[0] != 1", "L['x'].size()[0] != 1"});
  EXPECT_THAT(program_.size_rules, ElementsAre("s0 != 1"));
  EXPECT_THAT(program_.unread_guards, IsEmpty());
}

TEST_F(SizeGuards, ThatAreNoArithmeticOverSizesAreKeptAsTheyStand) {
  const std::vector<std::string> others = {"L['x'].stride()[0] == 4",
                                           "L['y'].size()[0] == 4",
                                           "L['x'].size()[9] == 4",
                                           "L['x'].size()[1] == 4",
                                           "L['x'].size()[-1] == 4",
                                           "L['flat_args'][1].size()[0] == 1",
                                           "L['x",
                                           "L['x'].size()[99999999999999999999] == 1",
                                           "__import__('os')",
                                           ""};
  take(others);
  EXPECT_THAT(program_.size_rules, IsEmpty());
  EXPECT_EQ(program_.unread_guards, others);
}

TEST_F(SizeGuards, AreWrittenAsPythonEvaluatesThem) {
  take({"(L['x'].size()[2] // 4) == 2", "L['more'][0]['Key'].size()[0] != 1"});
  program_.size_rules.push_back("s9 > 2");  // of no input
  EXPECT_THAT(size_guards_of(program_),
              ElementsAre("((2*((L['flat_args'][0].size()[2] - 0) // 2))//4) == 2",
                          "L['flat_args'][2].size()[0] != 1"));
}

TEST_F(SizeGuards, OfAnyNumberAreBounded) {
  std::vector<std::string> many;
  for (int i = 0; i < 3000; ++i) many.push_back("L['x'].size()[0] != " + std::to_string(i));
  take(many);
  EXPECT_EQ(program_.size_rules.size(), 1024U);
  EXPECT_EQ(program_.unread_guards.size(), 3000U - 1024U);
}

}  // namespace
}  // namespace maas
