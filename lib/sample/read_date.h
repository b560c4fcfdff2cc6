// Dates of the rows that a model is asked about.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sample/date_time.h"

namespace maas {

// In the order of the training data, else with the year first, which reads in no other order.
std::optional<DateTime> read_date(std::string_view cell, DateOrder order);

// Of what read_date() takes one that is a date in any order. The model does not know which sign
// stood between the numbers of its data.
std::string taken_date();  // "2021-03-14"
// "2021-03-14", "2021-03-14, or with the day first"
std::string taken_dates(DateOrder order);

}  // namespace maas
