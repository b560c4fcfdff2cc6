#include "sample/cell_kinds.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <optional>

namespace maas {
namespace {

// Rows whose cells stay in a core's cache while one column after the other looks at them.
constexpr int64_t kBlock = 4096;

// The rows of one column, in the order in which they are given.
struct ColumnRows {
  const CellGrid& cells;
  int64_t column;
  const TableFormat& format;

  void add(const int64_t* rows, int64_t count, CellKinds& kinds) const {
    for (int64_t i = 0; i < count; ++i) {
      const Cell cell = cells.at(rows[i], column);
      if (!is_missing_number(cell, format)) kinds.add(rows[i], cell, format);
    }
  }

  // The same where all are numbers without a sign, or missing, without a look at dates and at
  // different values; false where one is something else.
  bool add_numbers(const int64_t* rows, int64_t count, CellKinds& kinds) const {
    std::array<double, kBlock> values;
    for (int64_t i = 0; i < count;) {
      const int64_t first = rows[i];
      int64_t end = i + 1;
      while (end < count && rows[end] > rows[end - 1] && rows[end] - first < kBlock) ++end;
      cells.numbers(column, first, {values.data(), static_cast<size_t>(rows[end - 1] - first + 1)});
      for (; i < end; ++i) {
        const double value = values[static_cast<size_t>(rows[i] - first)];
        if (!add_number(rows[i], value, kinds)) return false;
      }
    }
    return true;
  }

 private:
  bool add_number(int64_t row, double value, CellKinds& kinds) const {
    if (std::isnan(value)) {
      const Cell cell = cells.at(row, column);
      if (is_missing_number(cell, format)) return true;
      const std::optional<double> number = parse_number(cell, format);
      if (!number) return false;
      value = *number;
    }
    ++kinds.count;
    ++kinds.numbers;
    ++kinds.signed_numbers;
    kinds.moments.add(value);
    return true;
  }
};

}  // namespace

void CellKinds::add(int64_t row, std::string_view cell, const TableFormat& format) {
  const std::string_view its_sign = sign_of(cell);
  const std::optional<double> number = parse_number(cell, format, its_sign);
  if (count++ == 0 && number) sign = its_sign;
  signed_numbers += number ? 1 : 0;
  dates.add(cell);
  if (values.size() <= kManyValues && !values.contains(cell)) values.emplace(cell);
  if (number && its_sign == sign) {
    ++numbers;
    moments.add(*number);
  } else if (not_numbers.size() < 3) {
    not_numbers.push_back(row);
  }
  if (number && its_sign != sign && other_sign.empty()) {
    other_sign = its_sign.empty() ? "none" : std::string(its_sign);
    other_sign_row = row;
  }
}

std::vector<CellKinds> cell_kinds(const CellGrid& cells, const std::vector<ColumnHint>& hints,
                                  const at::Tensor& index) {
  const auto* rows = index.const_data_ptr<int64_t>();
  const int64_t count = index.size(0), columns = static_cast<int64_t>(hints.size());
  std::vector<CellKinds> kinds(hints.size());
  std::vector<uint8_t> numbers_alone;  // so far
  numbers_alone.reserve(hints.size());
  for (const ColumnHint& hint : hints) numbers_alone.push_back(reads_plain_numbers(hint.format));
  for (int64_t first = 0; first < count; first += kBlock) {
    const int64_t size = std::min(kBlock, count - first);
    at::parallel_for(0, columns, 1, [&](int64_t from, int64_t to) {
      for (int64_t c = from; c < to; ++c) {
        const auto i = static_cast<size_t>(c);
        const ColumnRows column{cells, c, hints[i].format};
        if (numbers_alone[i] != 0) {
          if (column.add_numbers(rows + first, size, kinds[i])) continue;
          numbers_alone[i] = 0;
          kinds[i] = {};
          column.add(rows, first, kinds[i]);  // those before, once more
        }
        column.add(rows + first, size, kinds[i]);
      }
    });
  }
  return kinds;
}

}  // namespace maas
