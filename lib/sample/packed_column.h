// Cells of one column in little memory, from which their text can be had again.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sample/cell.h"

namespace maas {

// A plain number is written as most programs write one: a minus or none, digits without needless
// zeros in front, a point and at most 19 decimals or none; at most 17 digits that count, and no
// minus before zero. Packed, it takes 4 bytes (up to 8 digits and 15 decimals) or 8. Immutable; for
// several threads at once.
class PackedColumn {
 public:
  // Plain numbers are packed where three of four cells are such, unless the text is to stay.
  PackedColumn(std::span<const std::string_view> cells, bool keep_text);

  int64_t rows() const { return rows_; }
  Cell at(int64_t row) const;
  // The text is kept: at() gives views into this column.
  bool is_text() const { return small_.empty() && large_.empty(); }
  // The first row from `row` on that is no plain number, rows() where none is; `row` itself where
  // numbers are not packed, or `points` are told from others and the column has any.
  int64_t next_odd(int64_t row, bool points) const;
  // Of the rows from `first` on, as parse_number() (cell_text.h) reads them; NaN for a cell that is
  // no plain number.
  void numbers(int64_t first, std::span<double> to) const;

 private:
  std::string_view text(int64_t place) const;  // of those that are kept
  void keep(std::string_view cell);

  int64_t rows_;
  std::vector<uint32_t> small_;  // minus, 4 bits of decimals, 27 of digits
  std::vector<uint64_t> large_;  // minus, 5 bits of decimals, 58 of digits
  std::vector<uint32_t> odd_;    // rows that are no plain numbers, where others are packed
  bool has_points_ = false;
  std::vector<uint32_t> ends_;  // of each text that is kept
  std::string bytes_;
};

}  // namespace maas
