#include "sample/numeric_encoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <span>
#include <string_view>

#include "base/throw_error.h"
#include "sample/read_date.h"

namespace maas {
namespace {

double encode_number(const CellGrid& cells, int64_t row, int64_t column, const InputSpec& input) {
  const ColumnSpec& spec = input.columns[static_cast<size_t>(column)];
  const Cell text = cells.at(row, column);
  const std::string_view cell = text;
  const std::optional<double> number = parse_number(cell, input.format, spec.sign);
  if (!number) {
    throw_input(cells.place(row, column),
                fmt::format("'{}' in column '{}' is not a finite number", cell, spec.name),
                "a number, as in training",
                "correct it, or declare the column categorical and train anew");
  }
  if (std::abs(*number) > std::numeric_limits<float>::max()) {
    throw_input(cells.place(row, column),
                fmt::format("{} in column '{}' does not fit float32", cell, spec.name),
                "at most 3.4e38", "use another unit");
  }
  return *number;
}

DateTime encode_date(const CellGrid& cells, int64_t row, int64_t column, const ColumnSpec& spec) {
  const Cell text = cells.at(row, column);
  const std::string_view cell = text;
  if (const auto date = read_date(cell, *spec.date)) return *date;
  throw_input(cells.place(row, column),
              fmt::format("'{}' in column '{}' is no date", cell, spec.name),
              fmt::format("one such as {}, as in training", taken_dates(*spec.date)),
              "correct it, or declare the column categorical and train anew");
}

std::vector<DatePart> parts_of(const ColumnSpec& column) {
  std::vector<DatePart> parts;
  for (const NumericFeature& part : column.date_parts) {
    parts.push_back(date_part(part.name));
    MAAS_CHECK(parts.back() != nullptr);  // the manifest was checked
  }
  return parts;
}

}  // namespace

void refuse_missing(const CellGrid& cells, int64_t row, int64_t column, const ColumnSpec& spec) {
  throw_input(cells.place(row, column),
              fmt::format("the value of column '{}' is missing", spec.name), "a value",
              "fill it in, or train with data.missing: mean");
}

void count_missing(const CellGrid& cells, int64_t row, int64_t column, MissingValues& missing) {
  if (missing.count++ == 0) missing.first_place = cells.place(row, column);
}

template <typename Number>
NumericEncoder<Number>::NumericEncoder(const CellGrid& cells, const InputSpec& spec)
    : cells_(cells), spec_(spec), plain_(reads_plain_numbers(spec.format)) {
  for (const ColumnSpec& column : spec.columns) {
    parts_.push_back(parts_of(column));
    places_.push_back(width_);
    if (column.type != ColumnType::kNumeric) continue;
    width_ += column.date ? static_cast<int64_t>(parts_.back().size()) : 1;
  }
}

template <typename Number>
void NumericEncoder<Number>::operator()(RowRange rows, Number* to, EncodedPiece& piece) const {
  const size_t columns = spec_.columns.size();
  try {
    for (size_t c = 0; c < columns; ++c) encode(c, rows, to + places_[c], piece);
  } catch (const Error&) {
    // The first row's is told, and not the first column's.
    for (int64_t row = rows.first; row < rows.end; ++row) {
      for (size_t c = 0; c < columns; ++c) encode(c, {row, row + 1}, to + places_[c], piece);
    }
    throw;
  }
}

template <typename Number>
void NumericEncoder<Number>::encode(size_t c, RowRange rows, Number* to,
                                    EncodedPiece& piece) const {
  const ColumnSpec& column = spec_.columns[c];
  if (column.type != ColumnType::kNumeric) return;
  if (column.date) {
    for (int64_t row = rows.first; row < rows.end; ++row, to += width_) {
      encode_date_at(c, row, to, piece);
    }
    return;
  }
  std::array<double, kRowsAtOnce> values{};
  const std::span<double> known(values.data(), static_cast<size_t>(rows.end - rows.first));
  if (plain_) {
    cells_.numbers(static_cast<int64_t>(c), rows.first, known);
  } else {
    std::fill(known.begin(), known.end(), std::numeric_limits<double>::quiet_NaN());
  }
  for (size_t i = 0; i < known.size(); ++i, to += width_) {
    const int64_t row = rows.first + static_cast<int64_t>(i);
    *to = static_cast<Number>(std::isnan(known[i]) ? number_at(c, row, piece) : known[i]);
  }
}

template <typename Number>
double NumericEncoder<Number>::number_at(size_t c, int64_t row, EncodedPiece& piece) const {
  if (is_there(c, row, piece)) {
    return encode_number(cells_, row, static_cast<int64_t>(c), spec_);
  }
  return spec_.columns[c].mean;
}

template <typename Number>
void NumericEncoder<Number>::encode_date_at(size_t c, int64_t row, Number* to,
                                            EncodedPiece& piece) const {
  const ColumnSpec& column = spec_.columns[c];
  const bool there = is_there(c, row, piece);
  const DateTime date =
      there ? encode_date(cells_, row, static_cast<int64_t>(c), column) : DateTime();
  for (size_t p = 0; p < parts_[c].size(); ++p) {
    *to++ = static_cast<Number>(there ? parts_[c][p](date) : column.date_parts[p].mean);
  }
}

template <typename Number>
bool NumericEncoder<Number>::is_there(size_t c, int64_t row, EncodedPiece& piece) const {
  const auto column = static_cast<int64_t>(c);
  const Cell cell = cells_.at(row, column);
  if (!is_missing_number(cell, spec_.format)) return true;
  if (spec_.missing == "error") refuse_missing(cells_, row, column, spec_.columns[c]);
  count_missing(cells_, row, column, piece.missing[c]);
  return false;
}

template class NumericEncoder<float>;
template class NumericEncoder<double>;

}  // namespace maas
