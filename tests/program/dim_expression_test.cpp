#include "program/dim_expression.h"

#include <gtest/gtest.h>

namespace maas {
namespace {

int64_t value_of(const std::string& text) {
  const auto expression = DimExpression::parse(text);
  return expression ? expression->evaluate({{"s0", 7}, {"s1", 3}}).value_or(-1) : -2;
}

TEST(DimExpression, ReadsInfixAndConstructorSpellings) {
  EXPECT_EQ(value_of("s0"), 7);
  EXPECT_EQ(value_of("2*s0 + 1"), 15);
  EXPECT_EQ(value_of("Symbol('s0', positive=True, integer=True)"), 7);
  EXPECT_EQ(value_of("2*Symbol('s0', positive=True, integer=True)"), 14);
  EXPECT_EQ(value_of("Add(Mul(Integer(2), Symbol('s0', integer=True)), Integer(-1))"), 13);
  EXPECT_EQ(value_of("FloorDiv(s0, 2)"), 3);
  EXPECT_EQ(value_of("(s0 - 1)//s1"), 2);
  EXPECT_EQ(value_of("Mod(s0, s1)"), 1);
  EXPECT_EQ(value_of("s1**2"), 9);
  EXPECT_EQ(value_of("Max(s0, s1, 5)"), 7);
}

TEST(DimExpression, RefusesEverythingElse) {
  for (const char* text : {"", "s0 +", "__import__('os')", "s0(", "Symbol(s0)", "f(x)", "1.5",
                           "99999999999999999999", "s0 s1"}) {
    EXPECT_EQ(value_of(text), -2) << text;
  }
  EXPECT_EQ(value_of(std::string(5000, '(')), -2);
  EXPECT_EQ(value_of(std::string(3000, '-') + "1"), -2);
}

TEST(DimExpression, HasNoValueWhenItCannotBeComputed) {
  EXPECT_EQ(value_of("s9"), -1);
  EXPECT_EQ(value_of("s0//(s0 - 7)"), -1);
  EXPECT_EQ(value_of("9000000000000000000*s0"), -1);
}

TEST(DimExpression, PrintsWhatItReads) {
  for (const char* text : {"2*s0 + 1", "FloorDiv(s0, 2)", "s0 - 1", "3*(s0 + s1)"}) {
    const auto expression = DimExpression::parse(text);
    ASSERT_TRUE(expression) << text;
    EXPECT_EQ(value_of(expression->infix()), value_of(text)) << expression->infix();
    EXPECT_EQ(value_of(expression->exported()), value_of(text)) << expression->exported();
  }
}

}  // namespace
}  // namespace maas
