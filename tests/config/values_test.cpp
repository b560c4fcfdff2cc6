#include "config/values.h"

#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <random>

namespace maas {
namespace {

TEST(ParseInteger, ReadsDecimalDigitsAndTheSuffixesOfThousands) {
  EXPECT_EQ(parse_integer("10"), 10);
  EXPECT_EQ(parse_integer("-3"), -3);
  EXPECT_EQ(parse_integer("+3"), 3);
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("5k"), 5000);
  EXPECT_EQ(parse_integer("2M"), 2'000'000);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
}

TEST(ParseInteger, RefusesEverythingThatOtherReadersMayTakeDifferently) {
  for (const char* text :
       {"", "010", "0x10", "0o7", "1_000", "1e3", "3.0", "10 ", " 10", "ten", "9223372036854775808",
        "9223372036854775807k", "--1", "+", "k", "1kk", "5K", "1,000", "\xD9\xA3"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(ParseNumber, ReadsDecimalAndScientificNotation) {
  EXPECT_EQ(parse_number("1e-3"), 1e-3);
  EXPECT_EQ(parse_number("-2.5E+2"), -250);
  EXPECT_EQ(parse_number(".5"), 0.5);
  EXPECT_EQ(parse_number("5."), 5);
  for (const char* text : {"", ".", "e3", "1e", "1e400", ".nan", "nan", ".inf", "inf", "0x1p3",
                           "1.2.3", "01.5", "1,5", "5%"}) {
    EXPECT_EQ(parse_number(text), std::nullopt) << text;
  }
}

TEST(ParseFlag, TakesTrueAndFalseOnly) {
  EXPECT_EQ(parse_flag("true"), true);
  EXPECT_EQ(parse_flag("false"), false);
  for (const char* text : {"on", "off", "yes", "no", "True", "1", "0", "", "y"}) {
    EXPECT_EQ(parse_flag(text), std::nullopt) << text;
  }
}

TEST(ParseQuantity, ReadsUnits) {
  EXPECT_EQ(parse_quantity("5%"), (Quantity{5, "%"}));
  EXPECT_EQ(parse_quantity("100ms"), (Quantity{0.1, "s"}));
  EXPECT_EQ(parse_quantity("2.5 %"), (Quantity{2.5, "%"}));
  EXPECT_EQ(parse_quantity("1 epoch"), (Quantity{1, "epochs"}));
  EXPECT_EQ(parse_quantity("3 epochs"), (Quantity{3, "epochs"}));
  EXPECT_EQ(parse_quantity("200 steps"), (Quantity{200, "steps"}));
  EXPECT_EQ(parse_quantity("5k steps"), (Quantity{5000, "steps"}));
  EXPECT_EQ(parse_quantity("5k"), (Quantity{5000, ""}));
  EXPECT_EQ(parse_quantity("10m"), (Quantity{600, "s"}));
  EXPECT_EQ(parse_quantity("1.5h"), (Quantity{5400, "s"}));
  EXPECT_EQ(parse_quantity("30 s"), (Quantity{30, "s"}));
  EXPECT_EQ(parse_quantity("7"), (Quantity{7, ""}));
}

TEST(ParseQuantity, RefusesUnitsThatItDoesNotKnow) {
  for (const char* text : {"", "%", "epoch", "5 eons", "5 %%", "5  ", "1 step 2", "5kk", "ms",
                           "5us", "010 steps", "1e308k", "0x5%"}) {
    EXPECT_EQ(parse_quantity(text), std::nullopt) << text;
  }
}

TEST(QuantityText, ReadsBackTheSame) {
  for (const char* text :
       {"5%", "1 epoch", "3 epochs", "1 step", "200 steps", "30s", "0.25 epochs"}) {
    EXPECT_EQ(to_text(*parse_quantity(text)), text);
  }
}

TEST(NumberText, ReadsBackTheSameDouble) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    const double number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    EXPECT_EQ(parse_number(number_text(number)), number) << number;
  }
  EXPECT_EQ(number_text(1e9), "1000000000");
  EXPECT_EQ(number_text(0.001), "0.001");
}

TEST(NumberTrap, KnowsWhatPeopleMean) {
  EXPECT_EQ(number_trap("010"), "remove the leading zero");
  EXPECT_EQ(number_trap("0x10"), "write the number in decimal");
  EXPECT_EQ(number_trap("1_000"), "write the digits without '_'");
  EXPECT_EQ(number_trap("1e3"), "write whole numbers in digits, or as 5k or 2M");
  EXPECT_EQ(number_trap(".nan"), "NaN is no value");
  EXPECT_EQ(number_trap("-.inf"), "infinity is no value");
  EXPECT_EQ(number_trap("10"), "");
  EXPECT_EQ(number_trap("ten"), "");
}

TEST(FlagTrap, KnowsTheWordsOfOtherReaders) {
  for (const char* text : {"on", "yes", "Y", "True", "1"}) {
    EXPECT_EQ(flag_trap(text), "write true");
  }
  for (const char* text : {"off", "NO", "n", "0"}) EXPECT_EQ(flag_trap(text), "write false");
  EXPECT_EQ(flag_trap("maybe"), "");
}

TEST(YamlScalar, QuotesWhatAnotherReaderWouldTakeForSomethingElse) {
  EXPECT_EQ(yaml_scalar("plain words_1.2/3-4"), "plain words_1.2/3-4");
  for (const char* text :
       {"",  "null", "true", "010", "1e3", "5%", "-",  "- a", ".nan", " a", "a ", "a: b",
        "#", "a #b", "[",    "~",   "'",   "*a", "&a", "!a",  "?",    "@",  "`",  "%"}) {
    EXPECT_EQ(yaml_scalar(text).front(), '"') << text;
  }
  EXPECT_EQ(yaml_scalar("a\"b\\c\nd\te\x1b"), R"("a\"b\\c\nd\te\x1b")");
}

}  // namespace
}  // namespace maas
