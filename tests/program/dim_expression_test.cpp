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
  for (const char* text : {"", "s0 +", "__import__('os')", "s0(", "Symbol(s0)", "f(x)", "1.5.2",
                           "99999999999999999999", "s0 s1", "s0 == 2", "math.pi", "s0 and s1"}) {
    EXPECT_EQ(value_of(text), -2) << text;
  }
  EXPECT_EQ(value_of(std::string(5000, '(')), -2);
  EXPECT_EQ(value_of(std::string(3000, '-') + "1"), -2);
}

TEST(DimExpression, ComputesTrueDivisionAsPythonDoes) {
  EXPECT_EQ(value_of("CeilToInt(FloatTrueDiv(ToFloat(s0), 2.0))"), 4);
  EXPECT_EQ(value_of("CeilToInt(IntTrueDiv(s0, 2))"), 4);
  EXPECT_EQ(value_of("math.ceil(s0 / s1)"), 3);
  EXPECT_EQ(value_of("FloorToInt(0.5*s0)"), 3);
  EXPECT_EQ(value_of("TruncToInt(-0.5*ToFloat(s0))"), -3);
  EXPECT_EQ(value_of("math.ceil(0.1*3*10)"), 4);  // 3.0000000000000004
  EXPECT_EQ(value_of("2.0*s0"), 14);
  EXPECT_EQ(value_of("s0 / 2"), -1);
  EXPECT_EQ(value_of("1.0e400*s0"), -2);
}

int64_t truth_of(const std::string& text) {
  const auto rule = DimExpression::parse_rule(text);
  return rule ? rule->evaluate({{"s0", 7}, {"s1", 3}}).value_or(-1) : -2;
}

TEST(DimExpression, ReadsRulesInPythonsOrderOfBinding) {
  EXPECT_EQ(truth_of("(2*(s0 // 2)) == s0"), 0);
  EXPECT_EQ(truth_of("s0 % 2 != 0 and s1 <= 3"), 1);
  EXPECT_EQ(truth_of("not s0 > 9 or s1 == 4"), 1);
  EXPECT_EQ(truth_of("Or(Eq(s0, 1), And(Ge(s1, 3), Not(Lt(s0, s1))))"), 1);
  EXPECT_EQ(truth_of("max(1, s0 // 2)*min(s0, s1) >= 9"), 1);
  EXPECT_EQ(truth_of("order == 1"), -1);  // a symbol that begins as a word does
  for (const char* text : {"s0 ==", "== s0", "s0 = 7", "s0 == 7 == 7", "not", "s0 in (1, 2)"}) {
    EXPECT_EQ(truth_of(text), -2) << text;
  }
}

TEST(DimExpression, PrintsRulesForPython) {
  const auto spell = [](const std::string& name) { return "x." + name; };
  const auto python = [&](const char* text) {
    return DimExpression::parse_rule(text)->python(spell);
  };
  EXPECT_EQ(python("Mod(2*s0, 32) == 0"), "((2*x.s0) % 32) == 0");
  EXPECT_EQ(python("2*FloorDiv(s0, 2*s1) == s0"), "2*(x.s0//(2*x.s1)) == x.s0");
  EXPECT_EQ(python("not Max(1, s0) > CeilToInt(s0 / 2)"),
            "not (max(1, x.s0) > math.ceil(x.s0 / 2))");
  EXPECT_EQ(python("s0 - (s1 - 1) == (-1)**2"), "(x.s0 - (x.s1 - 1)) == ((-1)**2)");
}

TEST(DimExpression, HasNoValueWhenItCannotBeComputed) {
  EXPECT_EQ(value_of("s9"), -1);
  EXPECT_EQ(value_of("s0//(s0 - 7)"), -1);
  EXPECT_EQ(value_of("9000000000000000000*s0"), -1);
}

TEST(DimExpression, PrintsWhatItReads) {
  for (const char* text :
       {"2*s0 + 1", "FloorDiv(s0, 2)", "s0 - 1", "3*(s0 + s1)", "(2*s0)**2", "FloorDiv(s0, 2*s1)",
        "CeilToInt(IntTrueDiv(s0, 2))", "TruncToInt(2.5*ToFloat(s0))"}) {
    const auto expression = DimExpression::parse(text);
    ASSERT_TRUE(expression) << text;
    EXPECT_EQ(value_of(expression->infix()), value_of(text)) << expression->infix();
    EXPECT_EQ(value_of(expression->exported()), value_of(text)) << expression->exported();
  }
}

}  // namespace
}  // namespace maas
