#include "program/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "program/emit.h"

namespace maas {
namespace {

using testing::ElementsAre;
using testing::Optional;

const Node kNode = make_node("aten::x", {{"tensor", ValueRef{7}},
                                         {"none", None{}},
                                         {"real", 2.5},
                                         {"whole", int64_t{3}},
                                         {"flag", true},
                                         {"list", IntList{{{1}, {2}}}},
                                         {"symbolic", IntList{{{1}, {0, 5}}}}});

TEST(Arguments, AreWhatTheNodeGives) {
  EXPECT_EQ(operand_of(kNode, "tensor"), 7);
  EXPECT_EQ(number_of(kNode, "real", 0), 2.5);
  EXPECT_EQ(number_of(kNode, "whole", 0), 3);
  EXPECT_EQ(integer_of(kNode, "whole", 0), 3);
  EXPECT_TRUE(flag_of(kNode, "flag", false));
  EXPECT_EQ(argument_of(kNode, "real", None{}), Argument(2.5));
  EXPECT_THAT(integers_of(kNode, "list", {}), Optional(ElementsAre(1, 2)));
  EXPECT_THAT(integers_of(kNode, "whole", {}), Optional(ElementsAre(3)));
}

TEST(Arguments, AreTheDefaultWhereTheNodeLeavesThemOut) {
  EXPECT_EQ(operand_of(kNode, "absent"), kNoValue);
  EXPECT_EQ(operand_of(kNode, "none"), kNoValue);
  EXPECT_EQ(number_of(kNode, "absent", 0.5), 0.5);
  EXPECT_EQ(integer_of(kNode, "absent", 9), 9);
  EXPECT_TRUE(flag_of(kNode, "absent", true));
  EXPECT_EQ(argument_of(kNode, "absent", int64_t{4}), Argument(int64_t{4}));
  EXPECT_THAT(integers_of(kNode, "absent", {6}), Optional(ElementsAre(6)));
}

TEST(Arguments, OfAnotherTypeCountAsLeftOut) {
  EXPECT_EQ(integer_of(kNode, "real", 9), 9);
  EXPECT_EQ(operand_of(kNode, "whole"), kNoValue);
  EXPECT_FALSE(flag_of(kNode, "whole", false));
}

TEST(Arguments, OfASymbolicSizeAreNoPlainNumbers) {
  EXPECT_EQ(integers_of(kNode, "symbolic", {}), std::nullopt);
  EXPECT_EQ(integers_of(kNode, "none", {}), std::nullopt);
}

TEST(Arguments, ListsArePlainNumbersToo) {
  EXPECT_EQ(int_list({4, 5}), (IntList{{{4, kNoValue}, {5, kNoValue}}}));
}

}  // namespace
}  // namespace maas
