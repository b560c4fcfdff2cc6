#include "sample/date_time.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numbers>

namespace maas {
namespace {

using testing::ElementsAre;

constexpr auto kYear = DateOrder::kYearFirst, kDay = DateOrder::kDayFirst,
               kMonth = DateOrder::kMonthFirst;

double seconds(const char* cell, DateOrder order = kYear) {
  return parse_date(cell, order).value().seconds_since_1970();
}

// By `date -u -d ... +%s`.
TEST(DateTime, CountsSecondsSince1970) {
  EXPECT_EQ(seconds("1970-01-01"), 0);
  EXPECT_EQ(seconds("2021-03-04"), 1614816000);
  EXPECT_EQ(seconds("2021-03-04T05:06:07Z"), 1614834367);
  EXPECT_EQ(seconds("2021-03-04 05:06"), 1614834360);
  EXPECT_EQ(seconds("2021-03-04T05:06:07+02:00"), 1614827167);
  EXPECT_EQ(seconds("2021-03-04T05:06:07.25-0530"), 1614854167.25);
  EXPECT_EQ(seconds("2000-02-29"), 951782400);
  EXPECT_EQ(seconds("1900-03-01"), -2203891200);
  EXPECT_EQ(seconds("2021/3/4"), seconds("2021-03-04"));
}

TEST(DateTime, ReadsDaysAndMonthsBeforeTheYear) {
  EXPECT_EQ(seconds("4/3/2021", kDay), seconds("2021-03-04"));
  EXPECT_EQ(seconds("4/3/2021", kMonth), seconds("2021-04-03"));
  EXPECT_EQ(seconds("04.03.2021", kDay), seconds("2021-03-04"));
  EXPECT_EQ(seconds("3/4/21 1:30 PM", kMonth), seconds("2021-03-04 13:30"));
  EXPECT_EQ(seconds("3/4/69 12:00 am", kMonth), seconds("1969-03-04"));
  EXPECT_EQ(parse_date("04.03.2021", kMonth), std::nullopt);
}

TEST(DateTime, KnowsTheWeekday) {
  EXPECT_EQ(parse_date("1970-01-01", kYear)->weekday(), 3);
  EXPECT_EQ(parse_date("2021-03-07", kYear)->weekday(), 6);
  EXPECT_EQ(parse_date("1899-12-31", kYear)->weekday(), 6);
}

TEST(DateTime, IsNothingThatNoCalendarHas) {
  for (const char* cell : {"",
                           "x",
                           "2021",
                           "20210304",
                           "2021-02-29",
                           "2021-13-01",
                           "2021-00-10",
                           "2021-01-32",
                           "2021-1",
                           "2021-03/04",
                           "21-03-04",
                           "2021-03-04T",
                           "2021-03-04 25:00",
                           "2021-03-04 05:60",
                           "2021-03-04 05:06:61",
                           "2021-03-04 05:06x",
                           "2021-03-04 13:00 PM",
                           "2021-03-04 05:06+19:00",
                           "2021-03-04 05:06:07.",
                           "2021-03-0405:06",
                           "99999999999999999999-01-01"}) {
    EXPECT_EQ(parse_date(cell, kYear), std::nullopt) << cell;
  }
}

std::vector<DateOrder> left_of(const std::vector<const char*>& cells) {
  DateOrders orders;
  for (const char* cell : cells) orders.add(cell);
  return orders.left();
}

TEST(DateTime, IsNumbersToAModel) {
  const DateTime date = parse_date("2021-03-04 06:00", kYear).value();  // a Thursday
  const auto part = [&](const char* name) { return date_part(name)(date); };
  EXPECT_EQ(part("year"), 21);
  EXPECT_EQ(part("day"), 4);
  EXPECT_NEAR(part("month_sin"), std::sin(2 * std::numbers::pi * 2 / 12), 1e-12);
  EXPECT_NEAR(part("weekday_cos"), std::cos(2 * std::numbers::pi * 3 / 7), 1e-12);
  EXPECT_NEAR(part("hour_sin"), 1, 1e-12);
  EXPECT_EQ(part("days"), 18690.25 - 10957);
  for (const std::string& name : date_part_names()) EXPECT_NE(date_part(name), nullptr) << name;
  EXPECT_EQ(date_part("century"), nullptr);
}

TEST(DateTime, TellsTheOrderByTheWholeColumn) {
  EXPECT_THAT(left_of({"3/4/2021", "13/4/2021"}), ElementsAre(kDay));
  EXPECT_THAT(left_of({"3/4/2021", "3/14/2021"}), ElementsAre(kMonth));
  EXPECT_THAT(left_of({"3/4/2021", "5/6/2021"}), ElementsAre(kDay, kMonth));
  EXPECT_THAT(left_of({"2021-03-04", "2021-03-04 05:06"}), ElementsAre(kYear));
  EXPECT_THAT(left_of({"3/14/2021", "14/3/2021"}), ElementsAre());
}

}  // namespace
}  // namespace maas
