#include "call/size_arithmetic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace maas {
namespace {

using testing::HasSubstr;

c10::IValue result_of(const std::string& op, const torch::jit::Stack& arguments) {
  const Arithmetic* arithmetic = find_arithmetic(op);
  EXPECT_NE(arithmetic, nullptr) << op;
  EXPECT_EQ(arithmetic->operands, arguments.size()) << op;
  return arithmetic->run(arguments);
}

std::string message_of(const std::string& op, const torch::jit::Stack& arguments) {
  try {
    result_of(op, arguments);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Arithmetic, RoundsDownAsPythonDoes) {
  EXPECT_EQ(result_of("_operator::floordiv", {-7, 2}).toInt(), -4);
  EXPECT_EQ(result_of("_operator::mod", {-7, 2}).toInt(), 1);
  EXPECT_EQ(result_of("_operator::mod", {7, -2}).toInt(), -1);
  EXPECT_EQ(result_of("_operator::floordiv", {-7.5, 2.0}).toDouble(), -4.0);
}

// The processor raises a signal for this one.
TEST(Arithmetic, DividesTheLowestIntegerByMinusOne) {
  EXPECT_THAT(message_of("_operator::floordiv", {INT64_MIN, -1}), HasSubstr("too large"));
  EXPECT_EQ(result_of("_operator::mod", {INT64_MIN, -1}).toInt(), 0);
}

TEST(Arithmetic, RefusesWhatDoesNotFit64Bits) {
  EXPECT_THAT(message_of("_operator::add", {INT64_MAX, 1}), HasSubstr("9223372036854775807 + 1"));
  EXPECT_THAT(message_of("_operator::sub", {INT64_MIN, 1}), HasSubstr("too large"));
  EXPECT_THAT(message_of("_operator::mul", {INT64_MAX, 2}), HasSubstr("too large"));
  EXPECT_THAT(message_of("_operator::neg", {INT64_MIN}), HasSubstr("too large"));
  EXPECT_THAT(message_of("_operator::pow", {10, 40}), HasSubstr("64-bit integer"));
  EXPECT_THAT(message_of("math::ceil", {1e300}), HasSubstr("1e+300"));
  EXPECT_THAT(message_of("_operator::sym_int", {std::nan("")}), HasSubstr("nan"));
}

TEST(Arithmetic, RefusesADivisionByZero) {
  for (const char* op : {"_operator::floordiv", "_operator::mod", "_operator::truediv"}) {
    EXPECT_THAT(message_of(op, {3, 0}), HasSubstr("a division by zero")) << op;
  }
}

TEST(Arithmetic, ChoosesByACondition) {
  EXPECT_EQ(result_of("_operator::sym_ite", {true, 3, 4}).toInt(), 3);
  EXPECT_EQ(result_of("_operator::sym_ite", {0.5, 3, 4}).toInt(), 3);
  EXPECT_EQ(result_of("_operator::sym_ite", {false, 3, 4}).toInt(), 4);
}

}  // namespace
}  // namespace maas
