#include "sample/read_date.h"

namespace maas {

std::optional<DateTime> read_date(std::string_view cell, DateOrder order) {
  const auto date = parse_date(cell, order);
  return date || order == DateOrder::kYearFirst ? date : parse_date(cell, DateOrder::kYearFirst);
}

std::string taken_date() { return date_example(DateOrder::kYearFirst); }

std::string taken_dates(DateOrder order) {
  if (order == DateOrder::kYearFirst) return taken_date();
  const char* const first = order == DateOrder::kDayFirst ? "day" : "month";
  return taken_date() + ", or with the " + first + " first";
}

}  // namespace maas
