#include "sample/date_time.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace maas {
namespace {

constexpr int64_t kSecondsOfDay = 86400, kDaysTo2000 = 10957;
constexpr std::array<DateOrder, 3> kOrders = {DateOrder::kYearFirst, DateOrder::kDayFirst,
                                              DateOrder::kMonthFirst};

double angle(double part, double whole) { return 2 * std::numbers::pi * part / whole; }
double month_angle(const DateTime& date) { return angle(date.month - 1, 12); }
double weekday_angle(const DateTime& date) { return angle(date.weekday(), 7); }
double hour_angle(const DateTime& date) {
  return angle(date.hour + date.minute / 60.0 + date.second / 3600, 24);
}

struct NamedPart {
  const char* name;
  DatePart of;
};
constexpr std::array<NamedPart, 9> kParts = {{
    {"year", [](const DateTime& date) { return static_cast<double>(date.year - 2000); }},
    {"month_sin", [](const DateTime& date) { return std::sin(month_angle(date)); }},
    {"month_cos", [](const DateTime& date) { return std::cos(month_angle(date)); }},
    {"day", [](const DateTime& date) { return static_cast<double>(date.day); }},
    {"weekday_sin", [](const DateTime& date) { return std::sin(weekday_angle(date)); }},
    {"weekday_cos", [](const DateTime& date) { return std::cos(weekday_angle(date)); }},
    {"hour_sin", [](const DateTime& date) { return std::sin(hour_angle(date)); }},
    {"hour_cos", [](const DateTime& date) { return std::cos(hour_angle(date)); }},
    {"days",
     [](const DateTime& date) { return date.seconds_since_1970() / kSecondsOfDay - kDaysTo2000; }},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Days from 1970-01-01 in the Gregorian calendar, for any year (Hinnant 2014, days_from_civil).
int64_t days_since_1970(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t of_era = year - era * 400;
  const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

int days_of(int64_t year, int month) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

// Takes a text apart from its front; a step that does not fit takes nothing.
class Front {
 public:
  explicit Front(std::string_view text) : text_(text) {}

  bool is_empty() const { return text_.empty(); }
  char next() const { return text_.empty() ? '\0' : text_[0]; }
  bool take(char c) {
    if (next() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void skip_blanks() {
    while (next() == ' ' || next() == '\t') text_.remove_prefix(1);
  }
  // From `least` to `most` digits; more are too many.
  std::optional<int> number(size_t least, size_t most, size_t* digits = nullptr) {
    size_t count = 0;
    while (count < text_.size() && is_digit(text_[count])) ++count;
    if (count < least || count > most) return std::nullopt;
    int value = 0;
    for (const char c : text_.substr(0, count)) value = value * 10 + (c - '0');
    text_.remove_prefix(count);
    if (digits != nullptr) *digits = count;
    return value;
  }
  // What follows the point of a second: .25 -> 0.25; nine digits count.
  std::optional<double> fraction() {
    double value = 0, unit = 0.1;
    size_t count = 0;
    for (; count < text_.size() && is_digit(text_[count]); ++count, unit /= 10) {
      if (count < 9) value += (text_[count] - '0') * unit;
    }
    if (count == 0) return std::nullopt;
    text_.remove_prefix(count);
    return value;
  }
  bool take_word(std::string_view upper) {
    if (text_.size() < upper.size()) return false;
    for (size_t i = 0; i < upper.size(); ++i) {
      if ((text_[i] & ~0x20) != upper[i]) return false;
    }
    text_.remove_prefix(upper.size());
    return true;
  }

 private:
  std::string_view text_;
};

std::string_view without_blanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool read_day(Front& text, DateOrder order, DateTime& date) {
  const bool year_first = order == DateOrder::kYearFirst;
  size_t digits = 0;
  const auto first = year_first ? text.number(4, 4, &digits) : text.number(1, 2);
  const char between = text.next();
  if (!first || (between != '-' && between != '/' && between != '.')) return false;
  text.take(between);
  const auto second = text.number(1, 2);
  if (!second || !text.take(between)) return false;
  const auto third = year_first ? text.number(1, 2) : text.number(2, 4, &digits);
  // "21-03-04" could have any order.
  if (!third || digits == 3 || (digits == 2 && between == '-')) return false;
  // With points between, nobody writes the month first.
  if (order == DateOrder::kMonthFirst && between == '.') return false;
  date.year = year_first ? *first : *third;
  if (digits == 2) date.year += date.year < 69 ? 2000 : 1900;
  date.month = order == DateOrder::kMonthFirst ? *first : *second;
  date.day = year_first ? *third : order == DateOrder::kDayFirst ? *first : *second;
  return date.month >= 1 && date.month <= 12 && date.day >= 1 &&
         date.day <= days_of(date.year, date.month);
}

bool read_half_of_day(Front& text, DateTime& date) {
  const bool before = text.take_word("AM");
  if (!before && !text.take_word("PM")) return true;
  if (date.hour < 1 || date.hour > 12) return false;
  date.hour = date.hour % 12 + (before ? 0 : 12);
  return true;
}

bool read_zone(Front& text, DateTime& date) {
  if (text.take('Z') || text.take('z')) {
    date.offset_minutes = 0;
    return true;
  }
  const bool west = text.next() == '-';
  if (!west && text.next() != '+') return true;
  text.take(text.next());
  size_t digits = 0;
  const auto first = text.number(2, 4, &digits);
  if (!first || digits == 3) return false;
  int minutes = digits == 4 ? *first / 100 * 60 + *first % 100 : *first * 60;
  if (digits == 2 && text.take(':')) {
    const auto more = text.number(2, 2);
    if (!more || *more > 59) return false;
    minutes += *more;
  }
  if (minutes > 18 * 60) return false;
  date.offset_minutes = west ? -minutes : minutes;
  return true;
}

bool read_time(Front& text, DateTime& date) {
  const auto hour = text.number(1, 2);
  if (!hour || !text.take(':')) return false;
  const auto minute = text.number(2, 2);
  if (!minute || *hour > 23 || *minute > 59) return false;
  date.hour = *hour;
  date.minute = *minute;
  date.has_time = true;
  if (text.take(':')) {
    const auto second = text.number(2, 2);
    if (!second || *second > 60) return false;
    date.second = *second;
    if (text.take('.')) {
      const auto part = text.fraction();
      if (!part) return false;
      date.second += *part;
    }
  }
  text.skip_blanks();
  if (!read_half_of_day(text, date)) return false;
  text.skip_blanks();
  return read_zone(text, date);
}

}  // namespace

std::string to_text(DateOrder order) {
  if (order == DateOrder::kYearFirst) return "year_first";
  return order == DateOrder::kDayFirst ? "day_first" : "month_first";
}

std::string date_example(DateOrder order) {
  if (order == DateOrder::kYearFirst) return "2021-03-14";
  return order == DateOrder::kDayFirst ? "14/3/2021" : "3/14/2021";
}

std::optional<DateOrder> date_order_of(std::string_view text) {
  for (const DateOrder order : kOrders) {
    if (text == to_text(order)) return order;
  }
  return std::nullopt;
}

int DateTime::weekday() const {
  const int64_t days = days_since_1970(year, month, day) + 3;  // 1970-01-01 was a Thursday
  return static_cast<int>((days % 7 + 7) % 7);
}

double DateTime::seconds_since_1970() const {
  const int64_t minutes = int64_t{hour} * 60 + minute - offset_minutes.value_or(0);
  const int64_t whole = days_since_1970(year, month, day) * kSecondsOfDay + minutes * 60;
  return static_cast<double>(whole) + second;
}

std::optional<DateTime> parse_date(std::string_view cell, DateOrder order) {
  Front text(without_blanks(cell));
  DateTime date;
  if (!read_day(text, order, date)) return std::nullopt;
  if (text.is_empty()) return date;
  if (!text.take('T') && !text.take('t')) {
    if (text.next() != ' ') return std::nullopt;
    text.skip_blanks();
  }
  if (!read_time(text, date) || !text.is_empty()) return std::nullopt;
  return date;
}

void DateOrders::add(std::string_view cell) {
  ++count_;
  // Every form has two of them.
  const auto is_sign = [](char c) { return c == '-' || c == '/' || c == '.'; };
  if (std::count_if(cell.begin(), cell.end(), is_sign) < 2) return;
  for (const DateOrder order : kOrders) {
    if (parse_date(cell, order)) ++dates_[static_cast<size_t>(order)];
  }
}

std::vector<DateOrder> DateOrders::left() const {
  std::vector<DateOrder> left;
  for (const DateOrder order : kOrders) {
    if (count_ > 0 && dates_[static_cast<size_t>(order)] == count_) left.push_back(order);
  }
  return left;
}

int64_t DateOrders::most_dates() const { return *std::max_element(dates_.begin(), dates_.end()); }

const std::vector<std::string>& date_part_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    all.reserve(std::size(kParts));
    for (const NamedPart& part : kParts) all.emplace_back(part.name);
    return all;
  }();
  return names;
}

DatePart date_part(std::string_view name) {
  for (const NamedPart& part : kParts) {
    if (name == part.name) return part.of;
  }
  return nullptr;
}

}  // namespace maas
