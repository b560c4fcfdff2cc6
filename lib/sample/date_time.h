// Dates and times as cells of a table hold them.
//
// Read are a year of four digits first (2021-03-04, also with / or . between; ISO 8601), or a day
// and a month before the year (4/3/2021, 04.03.2021, 4/3/21; a year of two digits is one of 1969 to
// 2068, as in POSIX). A time may follow after T or a space: 05:06, 05:06:07, 05:06:07.25, with AM
// or PM, with Z or an offset such as +02:00.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace maas {

// Which number of a date comes first.
enum class DateOrder { kYearFirst, kDayFirst, kMonthFirst };

std::string to_text(DateOrder order);       // "year_first", "day_first", "month_first"
std::string date_example(DateOrder order);  // "2021-03-14", "14/3/2021", "3/14/2021"
std::optional<DateOrder> date_order_of(std::string_view text);

// In the Gregorian calendar; the time of day as it is written, in whatever zone.
struct DateTime {
  int64_t year = 1970;
  int month = 1, day = 1;                  // from 1
  int hour = 0, minute = 0;                // from 0
  double second = 0;                       // below 61: a leap second may be written
  std::optional<int> offset_minutes = {};  // of the zone, east of Greenwich; absent = not given
  bool has_time = false;

  int weekday() const;                // 0 = Monday
  double seconds_since_1970() const;  // in UTC; without an offset the time counts as UTC
  bool operator==(const DateTime&) const = default;
};

// The whole cell, spaces around it left out; nothing when it is no date of that order, or one that
// no calendar has (2021-02-30).
std::optional<DateTime> parse_date(std::string_view cell, DateOrder order);

// The orders in which all of several cells are dates.
class DateOrders {
 public:
  void add(std::string_view cell);      // one that is not missing
  std::vector<DateOrder> left() const;  // none = no dates, or no cells
  int64_t count() const { return count_; }
  int64_t most_dates() const;  // of the order in which most are

 private:
  int64_t count_ = 0;
  std::array<int64_t, 3> dates_ = {};  // by order
};

// The numbers that a date is to a model: "year", "month_sin", "month_cos", "day", "weekday_sin",
// "weekday_cos", "hour_sin", "hour_cos", "days". What comes round again is a point on a circle, so
// that December lies beside January; "year" and "days" count from 2000-01-01, the days with the
// time of day, in UTC: of years near to now float32 keeps them apart.
const std::vector<std::string>& date_part_names();
// Of one of these names; nullptr for another.
using DatePart = double (*)(const DateTime&);
DatePart date_part(std::string_view name);

}  // namespace maas
