// Types and statistics of columns, from the training rows.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_set>

#include "base/throw_error.h"
#include "sample/cell_kinds.h"
#include "sample/table_encoder.h"
#include "sample/text_pieces.h"

namespace maas {
namespace {

// The training rows of one column.
struct Column {
  const CellGrid& cells;
  int64_t column;
  const ColumnHint& hint;
  const at::Tensor& index;

  // Calls visit(row, cell) for each row with a cell; nothing is where a number would be missing.
  template <class Visit>
  void each(const Visit& visit) const {
    const auto* rows = index.const_data_ptr<int64_t>();
    for (int64_t i = 0; i < index.size(0); ++i) {
      const Cell cell = cells.at(rows[i], column);
      if (!is_missing_number(cell, hint.format)) visit(rows[i], cell.view());
    }
  }
};

// Codes such as 1, 2, 3, A are categories; 0.117, 2.31, 1.88, x are numbers with a stray cell. So
// are dates.
bool are_some_odd(const CellKinds& kinds, int64_t fitting) {
  const auto different = static_cast<int64_t>(kinds.values.size());
  const int64_t others = kinds.count - fitting;
  return others > 0 && fitting >= 9 * others &&
         (kinds.values.size() > kManyValues || 2 * different > fitting);
}

// The settings under which the cell would be a number, or "".
std::string setting_for(std::string_view cell, TableFormat format) {
  const std::string point = format.decimal;
  format.decimal = point == "." ? "," : ".";
  if (parse_number(cell, format)) return fmt::format("data.decimal: \"{}\"", format.decimal);
  format.decimal = point;
  for (const char* thousands : {",", ".", " ", "'"}) {
    format.thousands = thousands;
    if (thousands != point && parse_number(cell, format)) {
      return fmt::format("data.thousands: \"{}\"", thousands);
    }
  }
  return "";
}

[[noreturn]] void refuse_odd_cells(const Column& column, const std::string& kind, int64_t fitting,
                                   const std::vector<int64_t>& odd_rows, int64_t others) {
  const auto& [cells, at, hint, index] = column;
  std::vector<std::string> odd;
  for (const int64_t row : odd_rows) {
    const Cell cell = cells.at(row, at);
    odd.push_back(fmt::format("'{}' ({})", cell.view(), cells.place(row, at)));
  }
  const Cell first_cell = cells.at(odd_rows[0], at);
  const std::string first(first_cell.view());
  const std::string setting = kind == "numbers" ? setting_for(first, hint.format) : "";
  throw_input(
      cells.place(odd_rows[0], at),
      fmt::format("column '{}' holds {} in {} training rows, and in {} something else: {}{}",
                  hint.name, kind, fitting, others, fmt::join(odd, ", "),
                  others > 3 ? ", ..." : ""),
      kind + " alone",
      fmt::format(
          "correct {}; if it means a missing value, set data.missing_values: [\"{}\"];{} if "
          "the column is none of {}, data.columns.{}: categorical",
          others == 1 ? "it" : "them", first,
          setting.empty() ? "" : " if it is a number, " + setting + ";", kind, hint.name));
}

[[noreturn]] void refuse_odd_dates(const Column& column, const CellKinds& kinds) {
  std::vector<int64_t> odd;
  for (const DateOrder order :
       {DateOrder::kYearFirst, DateOrder::kDayFirst, DateOrder::kMonthFirst}) {
    std::vector<int64_t> rows;
    int64_t others = 0;
    column.each([&](int64_t row, std::string_view cell) {
      if (!parse_date(cell, order) && ++others <= 3) rows.push_back(row);
    });
    if (kinds.count - others == kinds.dates.most_dates()) odd = rows;
  }
  refuse_odd_cells(column, "dates", kinds.dates.most_dates(), odd,
                   kinds.count - kinds.dates.most_dates());
}

[[noreturn]] void refuse_signs(const Column& column, const CellKinds& kinds) {
  const auto& [cells, at, hint, index] = column;
  const Cell other = cells.at(kinds.other_sign_row, at);
  throw_input(
      cells.place(kinds.other_sign_row, at),
      fmt::format("column '{}' has numbers with the sign '{}' and with {} ('{}')", hint.name,
                  kinds.sign.empty() ? "none" : kinds.sign, kinds.other_sign, other.view()),
      "one sign in the whole column",
      fmt::format("convert them; if they are no numbers, data.columns.{}: categorical", hint.name));
}

[[noreturn]] void refuse_empty(const Column& column) {
  const auto& [cells, at, hint, index] = column;
  throw_input(
      cells.place(index.const_data_ptr<int64_t>()[0], at),
      fmt::format("column '{}' has no value in the {} training rows", hint.name, index.size(0)),
      "at least one value", fmt::format("set data.columns.{}: ignore", hint.name));
}

void learn_numbers(const Column& column, const CellKinds& kinds, ColumnSpec& spec,
                   std::vector<std::string>& told) {
  if (!kinds.other_sign.empty()) refuse_signs(column, kinds);
  spec.sign = kinds.sign;
  if (kinds.count == 0) refuse_empty(column);
  kinds.moments.store(spec);  // encode_table names a cell that is no number
  if (spec.sign.empty() || !column.hint.type.empty()) return;
  told.push_back(
      fmt::format("column '{}' is read as numbers with the sign '{}'{}; data.columns.{}: "
                  "numeric or categorical says which",
                  spec.name, spec.sign, spec.sign == "%" ? ", 12 of '12 %'" : "", spec.name));
}

// The order in which all cells are dates.
DateOrder order_of(const Column& column, const CellKinds& kinds) {
  std::vector<DateOrder> left = kinds.dates.left();
  const std::string& wanted = column.hint.dates;
  if (wanted != "auto") {
    std::erase_if(left, [&](DateOrder order) {
      return order != DateOrder::kYearFirst && to_text(order) != wanted;
    });
  }
  if (left.size() == 1) return left[0];
  std::string first;
  int64_t first_row = 0;
  column.each([&](int64_t row, std::string_view cell) {
    const bool is_odd = left.size() > 1 || !parse_date(cell, DateOrder::kYearFirst);
    if (first.empty() && is_odd) first = cell, first_row = row;
  });
  const std::string place = column.cells.place(first_row, column.column);
  if (left.empty()) {
    throw_input(place,
                fmt::format("not all cells of column '{}' are dates of one form ('{}')",
                            column.hint.name, first),
                "2021-03-14 everywhere, or 14/3/2021, or 3/14/2021 (data.dates says which)",
                fmt::format("write all in one form, or set data.columns.{}: categorical",
                            column.hint.name));
  }
  throw_input(
      place,
      fmt::format("in the dates of column '{}' the day could come first or the month ('{}')",
                  column.hint.name, first),
      "dates that can be read in one way",
      fmt::format("set data.dates: day_first or month_first; if they are no dates, "
                  "data.columns.{}: categorical",
                  column.hint.name));
}

void learn_dates(const Column& column, const CellKinds& kinds, ColumnSpec& spec,
                 std::vector<std::string>& told) {
  if (kinds.count == 0) refuse_empty(column);
  spec.date = order_of(column, kinds);
  const std::vector<std::string>& names = date_part_names();
  std::vector<Moments> moments(names.size());
  std::string example;
  column.each([&](int64_t, std::string_view cell) {
    if (example.empty()) example = cell;
    const DateTime date = parse_date(cell, *spec.date).value();
    for (size_t p = 0; p < names.size(); ++p) moments[p].add(date_part(names[p])(date));
  });
  std::vector<std::string> given;
  for (size_t p = 0; p < names.size(); ++p) {
    // What is the same in every row tells nothing; up to the rounding of a sine.
    if (moments[p].std_dev() < 1e-9 && names[p] != "days") continue;
    moments[p].store(spec.date_parts.emplace_back(NumericFeature{.name = names[p]}));
    given.push_back(names[p]);
  }
  if (!column.hint.type.empty()) return;
  told.push_back(
      fmt::format("column '{}' is read as dates such as {} ({}), and gives {}; data.columns.{}: "
                  "date, categorical or ignore says which",
                  spec.name, example, to_text(*spec.date), fmt::join(given, ", "), spec.name));
}

void learn_categories(const Column& column, ColumnSpec& spec, std::vector<std::string>& told) {
  const auto& [cells, at, hint, index] = column;
  spec.type = ColumnType::kCategorical;
  std::map<std::string, int64_t, std::less<>> counts;
  const auto* rows = index.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < index.size(0); ++i) {
    const Cell cell = cells.at(rows[i], at);
    if (is_missing(cell, hint.format)) continue;
    const auto known = counts.find(cell.view());
    if (known == counts.end()) {
      counts.emplace(cell.view(), 1);
    } else {
      ++known->second;
    }
  }
  for (const auto& [value, count] : counts) {
    (count < hint.rare ? spec.rare : spec.categories).emplace_back(value);
  }
  if (spec.rare.empty()) return;
  told.push_back(fmt::format(
      "column '{}': {} of {} categories are in fewer than {} training rows and count as unknown "
      "(first: '{}'); data.rare: 1 learns them all",
      spec.name, spec.rare.size(), counts.size(), hint.rare, spec.rare[0]));
}

bool holds_texts(const Column& column) {
  std::unordered_set<size_t> different;  // digests of them
  int64_t values = 0, with_words = 0;
  column.each([&](int64_t, std::string_view cell) {
    ++values;
    with_words += count_words(cell) >= kFewestTextWords ? 1 : 0;
    different.insert(std::hash<std::string_view>()(cell));
  });
  return is_like_text(static_cast<int64_t>(different.size()), with_words, values);
}

void learn_text(const Column& column, ColumnSpec& spec, std::vector<std::string>& told) {
  const auto& [cells, at, hint, index] = column;
  spec.type = ColumnType::kText;
  const auto* rows = index.const_data_ptr<int64_t>();
  const bool any = std::any_of(rows, rows + index.size(0), [&](int64_t row) {
    const Cell cell = column.cells.at(row, column.column);
    return !is_missing_text(cell, column.hint.format);
  });
  if (!any) refuse_empty(column);
  if (!hint.type.empty()) return;
  told.push_back(
      fmt::format("column '{}' is read as text: its words and their pieces count; data.columns.{}: "
                  "text, categorical or ignore says which",
                  spec.name, spec.name));
}

// Many different cells, none a number as the table is read, and all under one other setting.
void refuse_numbers_written_otherwise(const Column& column, const CellKinds& kinds) {
  if (kinds.numbers > 0 || kinds.values.size() <= kManyValues) return;
  std::string setting;
  bool is_one = true;
  column.each([&](int64_t, std::string_view cell) {
    if (!is_one) return;
    const std::string own = setting_for(cell, column.hint.format);
    is_one = !own.empty() && (setting.empty() || own == setting);
    setting = own;
  });
  if (!is_one) return;
  refuse_odd_cells(column, "numbers", 0, kinds.not_numbers, kinds.count);
}

// By the whole column where no type is declared.
std::string type_of(const Column& column, const CellKinds& kinds) {
  if (!column.hint.type.empty()) return column.hint.type;
  if (kinds.numbers == kinds.count) return "numeric";
  if (!kinds.dates.left().empty()) return "date";
  if (are_some_odd(kinds, kinds.numbers)) {
    if (!kinds.other_sign.empty()) refuse_signs(column, kinds);
    refuse_odd_cells(column, "numbers", kinds.numbers, kinds.not_numbers,
                     kinds.count - kinds.numbers);
  }
  if (kinds.signed_numbers == kinds.count) refuse_signs(column, kinds);
  if (are_some_odd(kinds, kinds.dates.most_dates())) refuse_odd_dates(column, kinds);
  refuse_numbers_written_otherwise(column, kinds);
  return kinds.values.size() > kManyValues && holds_texts(column) ? "text" : "categorical";
}

}  // namespace

std::vector<ColumnSpec> learn_columns(const CellGrid& cells, const std::vector<ColumnHint>& hints,
                                      const at::Tensor& index, std::vector<std::string>& told) {
  const std::vector<CellKinds> kinds = cell_kinds(cells, hints, index);
  std::vector<ColumnSpec> specs(hints.size());
  for (size_t c = 0; c < hints.size(); ++c) {
    ColumnSpec& spec = specs[c];
    spec.name = hints[c].name;
    const Column rows{cells, static_cast<int64_t>(c), hints[c], index};
    const std::string type = type_of(rows, kinds[c]);
    if (type == "numeric") {
      learn_numbers(rows, kinds[c], spec, told);
    } else if (type == "date") {
      learn_dates(rows, kinds[c], spec, told);
    } else if (type == "text") {
      learn_text(rows, spec, told);
    } else {
      learn_categories(rows, spec, told);
    }
  }
  return specs;
}

void measure_numeric_columns(const at::Tensor& values, const at::Tensor& index,
                             std::vector<ColumnSpec>& columns) {
  const at::Tensor doubles = values.to(at::kDouble);
  const auto* data = doubles.const_data_ptr<double>();
  const auto* rows = index.const_data_ptr<int64_t>();
  const int64_t width = values.size(1);
  for (int64_t c = 0; c < width; ++c) {
    Moments moments;
    for (int64_t i = 0; i < index.size(0); ++i) moments.add(data[rows[i] * width + c]);
    moments.store(columns[c]);
  }
}

std::vector<TargetScale> measure_targets(const at::Tensor& targets, const at::Tensor& index) {
  std::vector<ColumnSpec> columns(static_cast<size_t>(targets.size(1)));
  measure_numeric_columns(targets, index, columns);
  std::vector<TargetScale> scales;
  scales.reserve(columns.size());
  for (const ColumnSpec& column : columns) scales.push_back({column.mean, column.std_dev});
  return scales;
}

}  // namespace maas
