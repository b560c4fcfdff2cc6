// What the columns of a table hold, looked at before there is a config.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "sample/csv_reader.h"
#include "sample/date_time.h"
#include "sample/spec.h"

namespace maas {

// Texts of which most are different are names, not categories.
inline constexpr size_t kMostCategories = 20;
inline constexpr size_t kMostClasses = 50;  // a whole-number label with more is taken for a number

struct ColumnFacts {
  std::string name;
  std::set<std::string_view> values;  // those that are there; they point into the table
  bool is_numeric = true, is_whole = true;
  DateOrders dates;
  int64_t missing = 0;              // of numbers, "None", "-" and the like too
  int64_t numbers = 0, others = 0;  // cells that are numbers, and that are neither
  bool is_text = false;             // sentences (sample/text_pieces.h)
  std::string odd;                  // the first that is none where most are; "" = all are or few
  std::string odd_date;             // the first cell that is no date in any order
  double least = 0, most = 0;       // of numbers
  bool is_in_order = false;         // dates, none before that of the row above, and not all alike
  std::vector<std::string> examples;
  std::string unit;  // " m²", where nearly all cells are a number and this; "" = they are not
  std::string why_useless;  // as an input and as a label: "it numbers the rows"; "" = it is not

  bool is_date() const { return !is_numeric && !dates.left().empty(); }
  // With few that are none, which training names (sample/learn_columns.h).
  bool is_mostly_numbers() const { return !odd.empty() && numbers >= 9 * others; }
  // Likewise.
  bool is_mostly_dates() const {
    const int64_t fitting = dates.most_dates(), odd_ones = dates.count() - fitting;
    return !is_numeric && dates.left().empty() && fitting > 0 && fitting >= 9 * odd_ones;
  }
  // More numbers than not, and more than codes such as 1, 2, A have.
  bool has_odd_cells() const {
    return !odd.empty() && !is_date() && values.size() > kMostCategories;
  }
  // What training refuses.
  bool is_beyond_float() const {
    return is_numeric && std::max(-least, most) > std::numeric_limits<float>::max();
  }
  bool can_be_input() const {
    const bool tells = values.size() > 1 || (values.size() == 1 && missing > 0);
    return tells && !is_beyond_float();
  }
  bool is_few_valued() const { return values.size() >= 2 && values.size() <= kMostClasses; }
};

// ASCII letters alone; names are compared by it.
std::string lower_case(std::string text);

// Names as training will have them (sample/csv_grid.h).
std::vector<ColumnFacts> facts_of(const CsvTable& table, bool header, const TableFormat& format);

// Whether two columns say the same of each row, each value of one standing for one of the other.
// False where the values are as many as the rows.
bool are_copies(const CsvTable& table, bool header, size_t a, size_t b);

// Whether two columns have the same cells.
bool are_same(const CsvTable& table, bool header, size_t a, size_t b);

}  // namespace maas
