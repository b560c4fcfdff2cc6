#include "sample/guess_numbers.h"

#include <gmock/gmock.h>

namespace maas {
namespace {

using testing::AllOf;
using testing::HasSubstr;

using Cells = std::vector<std::string>;

NumberGuess guess(const std::vector<Cells>& columns,
                  const TableFormat& format = {.decimal = "auto", .thousands = "auto"}) {
  std::vector<CellColumn> given;
  for (const Cells& cells : columns) {
    given.push_back({.name = "c" + std::to_string(given.size()),
                     .rows = static_cast<int64_t>(cells.size()),
                     .at = [&cells](int64_t row) -> std::string_view { return cells[row]; }});
  }
  return guess_numbers(given, format);
}

void expect(const NumberGuess& found, const char* decimal, const char* thousands) {
  EXPECT_EQ(found.format.decimal, decimal) << found.note;
  EXPECT_EQ(found.format.thousands, thousands) << found.note;
}

TEST(GuessNumbers, TakesTheOnlyReadingThatFits) {
  expect(guess({{"1.234,56", "12,5"}}), ",", ".");
  expect(guess({{"12,5", "3,25"}}), ",", "");
  expect(guess({{"$1,234.50", "$12.00"}}), ".", ",");
  expect(guess({{"1 234,5", "2,5"}}), ",", " ");
  expect(guess({{"1\u00a0234,5", "2,5"}}), ",", " ");
  expect(guess({{"1'234.50", "7"}}), ".", "'");
  expect(guess({{"1,234,567", "1,000"}}), ".", ",");
  // What one column tells holds for the others.
  expect(guess({{"1.234,56", "12,5"}, {"1.234", "2.000"}}), ",", ".");
  EXPECT_THAT(guess({{"1", "2"}, {"?", "12,5"}}).note,
              AllOf(HasSubstr("',' before the decimals"), HasSubstr("column 'c1' ('12,5')"),
                    HasSubstr("data.decimal")));
}

TEST(GuessNumbers, StaysSilentWhereTheDefaultReadsAll) {
  for (const auto& columns : std::vector<std::vector<Cells>>{{{"1.5", "-2", "3e5"}},
                                                             {{"1.234"}},
                                                             {{"red", "1,5"}},
                                                             {{"", "?"}},
                                                             {{"2021-03-04"}},
                                                             {}}) {
    const NumberGuess found = guess(columns);
    expect(found, ".", "");
    EXPECT_EQ(found.note, "");
  }
}

TEST(GuessNumbers, SaysWhatCouldBeTwoThings) {
  const NumberGuess found = guess({{"1,234", "5,678"}});
  expect(found, ".", "");
  EXPECT_THAT(found.note, AllOf(HasSubstr("'1,234'"), HasSubstr("they stay text"),
                                HasSubstr("data.decimal and data.thousands say which")));
}

TEST(GuessNumbers, SaysWhenColumnsAreNotWrittenInOneWay) {
  const NumberGuess found = guess({{"12,5", "3,25"}, {"0.5", "1.25"}});
  expect(found, ".", "");
  EXPECT_THAT(found.note, HasSubstr("are not written in one way"));
}

TEST(GuessNumbers, TakesNoStrayCellForARule) {
  Cells cells(20, "1.25");
  cells[7] = "1,234";
  expect(guess({cells}), ".", "");
  cells[7] = "1,234.5";
  expect(guess({cells}), ".", ",");
}

TEST(GuessNumbers, KeepsWhatIsGiven) {
  expect(guess({{"1,234", "5,678"}}, {.decimal = ".", .thousands = "auto"}), ".", ",");
  expect(guess({{"1,234", "5,678"}}, {.decimal = ",", .thousands = "auto"}), ",", "");
  expect(guess({{"1.234,5"}}, {.decimal = ".", .thousands = ""}), ".", "");
}

}  // namespace
}  // namespace maas
