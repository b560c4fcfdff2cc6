#include "sample/packed_column.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cmath>
#include <random>

#include "sample/cell_text.h"

namespace maas {
namespace {

using testing::ElementsAre;

PackedColumn packed(const std::vector<std::string>& cells, bool keep_text = false) {
  return {std::vector<std::string_view>(cells.begin(), cells.end()), keep_text};
}

std::vector<std::string> texts(const PackedColumn& column) {
  std::vector<std::string> all;
  for (int64_t row = 0; row < column.rows(); ++row) {
    const Cell cell = column.at(row);
    all.emplace_back(cell.view());
  }
  return all;
}

std::vector<double> numbers(const PackedColumn& column) {
  std::vector<double> all(static_cast<size_t>(column.rows()));
  column.numbers(0, all);
  return all;
}

// As programs write them, and as they do not.
const std::vector<std::string> kWritten = {"0",
                                           "7",
                                           "-7",
                                           "0.5",
                                           "-0.50",
                                           "100",
                                           "0.000",
                                           "123456.78901",
                                           "134217727",
                                           "134217728",
                                           "0.123456789012345",
                                           "0.1234567890123456",
                                           "0.0000000000000000001",
                                           "12345678901234567",
                                           "99999999999999999",
                                           "-9.9999999999999999",
                                           "2.2204460492503131"};
const std::vector<std::string> kOdd = {"",
                                       "-",
                                       ".",
                                       "-0",
                                       "-0.0",
                                       "+1",
                                       "00",
                                       "01",
                                       "1.",
                                       ".5",
                                       "-.5",
                                       "1e5",
                                       "1.5E-07",
                                       "1,5",
                                       " 1",
                                       "1 ",
                                       "1.2.3",
                                       "1-",
                                       "--1",
                                       "x",
                                       "NA",
                                       "inf",
                                       "0x10",
                                       "100000000000000000",
                                       "0.00000000000000000001",
                                       "1\xc2\xa0"
                                       "000",
                                       "\xef\xbc\x91"};

TEST(PackedColumn, GivesEveryCellAsItWasWritten) {
  std::vector<std::string> cells = kOdd;
  for (int i = 0; i < 5; ++i) cells.insert(cells.end(), kWritten.begin(), kWritten.end());
  const PackedColumn column = packed(cells);
  EXPECT_FALSE(column.is_text());
  EXPECT_EQ(texts(column), cells);
  EXPECT_EQ(texts(packed(kOdd)), kOdd);
  EXPECT_TRUE(packed(kOdd).is_text());
  EXPECT_EQ(texts(packed(kWritten, true)), kWritten);
  EXPECT_TRUE(packed(kWritten, true).is_text());
  EXPECT_TRUE(texts(packed({})).empty());
}

TEST(PackedColumn, SaysWhichCellsAreNoPlainNumbers) {
  for (const std::string& odd : kOdd) {
    const PackedColumn column = packed({"1", odd, "2", "3", "4.5", "6"});
    EXPECT_EQ(column.next_odd(0, false), 1) << odd;
    EXPECT_EQ(column.next_odd(2, false), 6) << odd;
    EXPECT_EQ(column.next_odd(2, true), 2) << odd;
    EXPECT_TRUE(std::isnan(numbers(column)[1])) << odd;
  }
  EXPECT_EQ(packed({"1", "2"}).next_odd(0, true), 2);
  EXPECT_EQ(packed({"1", "2"}, true).next_odd(1, false), 1);
  EXPECT_TRUE(std::isnan(numbers(packed({"1"}, true))[0]));
}

TEST(PackedColumn, ReadsNumbersToTheLastBitAsParseNumberDoes) {
  std::mt19937_64 random(1);
  std::vector<std::string> cells = kWritten;
  for (int i = 0; i < 200'000; ++i) {
    const double number = std::normal_distribution<double>()(random) * 10;
    cells.push_back(i % 2 == 0 ? fmt::format("{}", number)  // shortest, 16 or 17 digits
                               : fmt::format("{:.{}f}", number, random() % 16));
  }
  const PackedColumn column = packed(cells);
  const std::vector<double> read = numbers(column);
  size_t plain = 0;
  for (size_t i = 0; i < cells.size(); ++i) {
    if (std::isnan(read[i])) continue;
    ++plain;
    ASSERT_EQ(read[i], parse_number(cells[i]).value()) << cells[i];
  }
  EXPECT_GT(plain, cells.size() * 99 / 100);
}

// 2^53 + 1 lies halfway between two doubles, and so do others that 64 bits cannot tell from that.
TEST(PackedColumn, RoundsHalvesAsParseNumberDoes) {
  std::vector<std::string> cells;
  for (int64_t n = 9'007'199'254'740'990; n < 9'007'199'254'741'100; ++n) {
    cells.push_back(fmt::format("{}", n));
    cells.push_back(fmt::format("0.00{}", n));
    cells.push_back(fmt::format("{}.5", n % 1'000'000'000'000'000));
  }
  std::mt19937_64 random(2);
  for (int i = 0; i < 100'000; ++i) {
    const auto n = static_cast<int64_t>(random() % 90'000'000'000'000'000) + 9'007'199'254'740'993;
    cells.push_back(fmt::format("{}", n));
    cells.push_back(fmt::format("{}.{:07}", n / 10'000'000, n % 10'000'000));
  }
  const std::vector<double> read = numbers(packed(cells));
  for (size_t i = 0; i < cells.size(); ++i) {
    ASSERT_EQ(read[i], parse_number(cells[i]).value()) << cells[i];
  }
}

TEST(PackedColumn, FewNumbersAmongOtherCellsStayText) {
  EXPECT_TRUE(packed({"1", "a", "b"}).is_text());
  EXPECT_FALSE(packed({"1", "2", "3", "a"}).is_text());
  EXPECT_THAT(texts(packed({"1", "a", "b"})), ElementsAre("1", "a", "b"));
}

}  // namespace
}  // namespace maas
