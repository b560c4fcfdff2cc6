#include "column_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <optional>

#include "sample/cell_text.h"
#include "sample/csv_grid.h"
#include "sample/text_pieces.h"

namespace maas {
namespace {

constexpr size_t kExamples = 3;

bool is_called_like_an_id(const std::string& given) {
  const std::string name = lower_case(given);
  return name.empty() || name == "id" || name == "index" || name == "rownames" ||
         name.ends_with("_id");
}

// Whole numbers one after the other, as a row index is. Of a column with a name they begin with 0
// or 1 and are many: few may be so by chance.
bool counts_rows(const CsvTable& table, size_t column, int64_t first, bool has_name) {
  constexpr int64_t kTooManyForChance = 20;
  std::optional<double> before;
  for (int64_t row = first; row < table.rows(); ++row) {
    const auto number = parse_number(table.at(row, static_cast<int64_t>(column)));
    if (!number || (before && *number != *before + 1)) return false;
    if (!before && has_name && *number != 0 && *number != 1) return false;
    before = number;
  }
  return !has_name || table.rows() - first >= kTooManyForChance;
}

bool are_in_order(const ColumnFacts& facts, const CsvTable& table, int64_t column, int64_t first) {
  if (!facts.is_date() || facts.values.size() < 3) return false;
  const DateOrder order = facts.dates.left().front();
  double last = -std::numeric_limits<double>::infinity();
  for (int64_t row = first; row < table.rows(); ++row) {
    const auto date = parse_date(table.at(row, column), order);
    if (!date) continue;
    if (date->seconds_since_1970() < last) return false;
    last = date->seconds_since_1970();
  }
  return true;
}

bool is_text(const ColumnFacts& facts, const CsvTable& table, int64_t column, int64_t first) {
  if (facts.is_numeric || facts.is_date() || facts.is_mostly_numbers()) return false;
  int64_t with_words = 0;
  for (int64_t row = first; row < table.rows(); ++row) {
    with_words += count_words(table.at(row, column)) >= kFewestTextWords ? 1 : 0;
  }
  return is_like_text(static_cast<int64_t>(facts.values.size()), with_words,
                      table.rows() - first - facts.missing);
}

std::string why_useless(const ColumnFacts& facts, const std::string& given, bool counts,
                        int64_t rows) {
  const auto different = static_cast<int64_t>(facts.values.size());
  if (different == 0) return "it is empty";
  if (facts.is_beyond_float()) return "its numbers go beyond 3.4e38, the largest of float32";
  if (different == 1 && facts.missing == 0 && rows > 1) return "all rows have the same";
  if (facts.is_date()) return "";
  if (facts.is_numeric) {
    const bool is_id = different == rows && is_called_like_an_id(given);
    return is_id || counts ? "it numbers the rows" : "";
  }
  const bool is_named = facts.values.size() > kMostCategories && 2 * different > rows;
  // Training names the cells that are no numbers.
  if (!is_named || facts.is_text || facts.is_mostly_numbers() || facts.is_mostly_dates()) return "";
  return different == rows ? "every row has another: an identifier or names"
                           : "most rows have another: names";
}

bool is_date(std::string_view cell) {
  return std::ranges::any_of(
      std::array{DateOrder::kYearFirst, DateOrder::kDayFirst, DateOrder::kMonthFirst},
      [&](DateOrder order) { return parse_date(cell, order).has_value(); });
}

void look_at(std::string_view cell, const TableFormat& format, ColumnFacts& facts) {
  if (is_missing(cell)) {
    ++facts.missing;
    return;
  }
  if (facts.values.insert(cell).second && facts.examples.size() < kExamples) {
    facts.examples.emplace_back(cell);
  }
  const auto number = parse_number(cell, format, sign_of(cell));
  if (number) {
    facts.least = facts.numbers == 0 ? *number : std::min(facts.least, *number);
    facts.most = facts.numbers == 0 ? *number : std::max(facts.most, *number);
    ++facts.numbers;
  } else if (facts.odd.empty() && !is_missing_number(cell, format)) {
    facts.odd = cell;
  }
  facts.is_numeric = facts.is_numeric && (number || is_missing_number(cell, format));
  facts.is_whole =
      facts.is_whole && cell.find_first_of(format.decimal + "eE") == std::string_view::npos;
  facts.dates.add(cell);
  if (facts.odd_date.empty() && !is_date(cell)) facts.odd_date = cell;
}

// What stands behind the number of a cell that is one up to there: " m²" of "117,0 m²".
std::string_view behind_number(std::string_view cell, const TableFormat& format) {
  constexpr size_t kMostUnit = 12;
  const size_t last = cell.find_last_of("0123456789");
  if (last == cell.npos || last + 1 == cell.size() || cell.size() - last - 1 > kMostUnit) return {};
  TableFormat comma = format, grouped = format;
  comma.decimal = grouped.decimal = ",";
  comma.thousands = "";
  grouped.thousands = ".";
  const std::string_view number = cell.substr(0, last + 1);
  const bool is_number =
      parse_number(number, format) || parse_number(number, comma) || parse_number(number, grouped);
  return is_number ? cell.substr(last + 1) : std::string_view();
}

std::string common_unit(const CsvTable& table, int64_t column, int64_t first,
                        const TableFormat& format) {
  std::string_view unit;
  int64_t having = 0, cells = 0;
  for (int64_t row = first; row < table.rows(); ++row) {
    const std::string_view cell = table.at(row, column);
    if (is_missing(cell)) continue;
    ++cells;
    const std::string_view own = behind_number(cell, format);
    if (unit.empty()) unit = own;
    having += !own.empty() && own == unit ? 1 : 0;
    if (10 * having < cells) return "";  // the usual column of words ends here
  }
  return 10 * having >= 9 * cells && cells > 0 ? std::string(unit) : "";
}

// What training does with spellings of "missing" that are texts elsewhere, and with odd cells.
void settle(ColumnFacts& facts, int64_t rows) {
  facts.is_numeric = facts.is_numeric && facts.numbers > 0;
  facts.others = rows - facts.missing - facts.numbers;
  if (facts.is_numeric) {
    facts.missing += facts.others;
    facts.others = 0;
    std::erase_if(facts.values, [](std::string_view cell) { return is_missing_number(cell, {}); });
  } else if (facts.numbers < facts.others) {
    facts.odd.clear();
  }
}

}  // namespace

std::string lower_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::vector<ColumnFacts> facts_of(const CsvTable& table, bool header, const TableFormat& format) {
  const std::vector<std::string> names = column_names(table, header);
  const int64_t first = header ? 1 : 0;
  std::vector<ColumnFacts> columns(names.size());
  for (size_t c = 0; c < columns.size(); ++c) {
    const auto column = static_cast<int64_t>(c);
    columns[c].name = names[c];
    for (int64_t row = first; row < table.rows(); ++row) {
      look_at(table.at(row, column), format, columns[c]);
    }
    settle(columns[c], table.rows() - first);
    columns[c].is_in_order = are_in_order(columns[c], table, column, first);
    columns[c].is_text = is_text(columns[c], table, column, first);
    if (!columns[c].is_numeric && columns[c].numbers == 0 && !columns[c].is_date()) {
      columns[c].unit = common_unit(table, column, first, format);
    }
    const std::string given = header ? std::string(table.at(0, column)) : names[c];
    columns[c].why_useless =
        why_useless(columns[c], given, counts_rows(table, c, first, header && !given.empty()),
                    table.rows() - first);
  }
  return columns;
}

bool are_copies(const CsvTable& table, bool header, size_t a, size_t b) {
  std::map<std::string_view, std::string_view> there, back;
  const int64_t first = header ? 1 : 0;
  for (int64_t row = first; row < table.rows(); ++row) {
    const auto x = table.at(row, static_cast<int64_t>(a)),
               y = table.at(row, static_cast<int64_t>(b));
    if (there.emplace(x, y).first->second != y || back.emplace(y, x).first->second != x)
      return false;
  }
  return static_cast<int64_t>(there.size()) < table.rows() - first && there.size() > 1;
}

bool are_same(const CsvTable& table, bool header, size_t a, size_t b) {
  for (int64_t row = header ? 1 : 0; row < table.rows(); ++row) {
    if (table.at(row, static_cast<int64_t>(a)) != table.at(row, static_cast<int64_t>(b))) {
      return false;
    }
  }
  return true;
}

}  // namespace maas
