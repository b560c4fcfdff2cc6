#include "sample/cell_text.h"

#include <gmock/gmock.h>

#include "support/scratch.h"

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST(MissingCells, AreTheUsualSpellingsAndThoseOfTheFormat) {
  const TableFormat plain, more = {.thousands = "", .missing_values = {"k.A."}};
  for (const char* cell : {"", "?", "NA", "N/A", "NaN", "null"}) {
    EXPECT_TRUE(is_missing(cell, plain)) << cell;
  }
  for (const char* cell : {"-", "None", "<NA>", "#N/A", "n/a", " None "}) {
    EXPECT_TRUE(is_missing_number(cell, plain)) << cell;
    EXPECT_FALSE(is_missing(cell, plain)) << cell << " may be a category";
  }
  EXPECT_FALSE(is_missing_number("k.A.", plain));
  EXPECT_TRUE(is_missing("k.A.", more));
  EXPECT_TRUE(is_missing_number("k.A.", more));
}

TEST(ParseNumber, ReadsTheSignsOfTheFormat) {
  EXPECT_EQ(parse_number(" 5", TableFormat{}), 5);
  EXPECT_FALSE(parse_number("0,5", TableFormat{}));
  const TableFormat german = {.decimal = ",", .thousands = "."};
  EXPECT_EQ(parse_number("1.234.567,5", german), 1234567.5);
  EXPECT_EQ(parse_number("-0,5e-3", german), -0.0005);
  EXPECT_EQ(parse_number("12", german), 12);
  EXPECT_FALSE(parse_number("1.5", {.decimal = ",", .thousands = ""}));
  const TableFormat english = {.thousands = ","};
  EXPECT_EQ(parse_number("-1,234.5", english), -1234.5);
  for (const char* cell : {"1,23", "1234,567", ",123", "1,,234", "1,234,"}) {
    EXPECT_FALSE(parse_number(cell, english)) << cell;
  }
}

TEST(ParseNumber, LeavesASignOut) {
  const TableFormat english = {.thousands = ","};
  for (const auto& [cell, sign] :
       std::vector<std::pair<std::string, std::string>>{{"$1,234.50", "$"},
                                                        {"-$5", "$"},
                                                        {"$-5", "$"},
                                                        {"12 %", "%"},
                                                        {"12%", "%"},
                                                        {"\u20ac 12", "\u20ac"},
                                                        {"12.50 EUR", "EUR"},
                                                        {"USD 3", "USD"},
                                                        {"US$3", "US$"},
                                                        {"12\u00a0\u20ac", "\u20ac"},
                                                        {"-3\u202f%", "%"}}) {
    EXPECT_EQ(sign_of(cell), sign) << cell;
    EXPECT_TRUE(parse_number(cell, english, sign)) << cell;
  }
  EXPECT_EQ(parse_number("-$1,234.50", english, "$"), -1234.5);
  EXPECT_EQ(parse_number("12 %", english, "%"), 12);
  EXPECT_EQ(parse_number("12", english, "%"), 12);
  EXPECT_FALSE(parse_number("$12", english, "%"));
  EXPECT_FALSE(parse_number("$12", english));
  for (const char* cell : {"", "$", "%", "EUROPE", "12", "a%", "--$5", "5 apples"}) {
    EXPECT_EQ(sign_of(cell), "") << cell;
  }
  EXPECT_FALSE(parse_number("--$5", english, "$"));
  EXPECT_EQ(parse_number("1\u202f234,5", {.decimal = ",", .thousands = " "}), 1234.5);
  const TableFormat spaced = {.thousands = " "};  // bytes of those spaces are in other characters
  for (const char* other : {"20 \u00b0C", "\u20135", "\u00a3", "\u20ac", "\u221210",
                            "\u201cx\u201d", "10 \u00b5m", "\xc2", "\xe2\x80"}) {
    EXPECT_FALSE(parse_number(other, spaced)) << other;
  }
}

TEST(CategoryKeys, AreTheSameForOtherSpellingsOfAValue) {
  for (const char* cell : {"true", "True", "TRUE"}) EXPECT_EQ(category_key(cell), "true");
  for (const char* cell : {"1", "1.0", "1e0"}) EXPECT_EQ(category_key(cell), "1");
  EXPECT_EQ(category_key("-0.0"), category_key("0"));
  for (const char* cell : {"01", "01234", "yes", "1a", "", "-", "truest"}) {
    EXPECT_EQ(category_key(cell), cell);
  }
}

TEST(ToUtf8, NamesTheByteThatIsNone) {
  EXPECT_EQ(to_utf8("caf\xc3\xa9", {}, "a.csv"), "caf\xc3\xa9");
  EXPECT_THAT(
      error_of([] { to_utf8("caf\xe9", {}, "a.csv"); }),
      AllOf(HasSubstr("a.csv: is not UTF-8 at byte 3"), HasSubstr("data.encoding=latin-1")));
}

TEST(ToUtf8, ReadsLatin1AndWindows1252) {
  EXPECT_EQ(to_utf8("caf\xe9", {.thousands = "", .encoding = "latin-1"}, "f"), "caf\xc3\xa9");
  EXPECT_EQ(to_utf8("5 \x80", {.thousands = "", .encoding = "windows-1252"}, "f"),
            "5 \xe2\x82\xac");
  EXPECT_THAT(
      error_of([] { to_utf8("a\x81", {.thousands = "", .encoding = "windows-1252"}, "f"); }),
      HasSubstr("the byte 0x81 at byte 1"));
}

}  // namespace
}  // namespace maas
