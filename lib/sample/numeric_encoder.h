// The numbers and dates of a table's rows, a column at a time.
#pragma once

#include <cstdint>
#include <exception>
#include <string>
#include <vector>

#include "sample/date_time.h"
#include "sample/table_encoder.h"

namespace maas {

// Rows that one thread encodes together.
inline constexpr int64_t kRowsAtOnce = 1024;

struct RowRange {
  int64_t first, end;  // of at most kRowsAtOnce rows
};

// What a thread made of one piece of the rows.
struct EncodedPiece {
  std::vector<MissingValues> missing;  // of each column
  LongTexts long_texts;
  std::exception_ptr error;  // of its first row that has one
};

// Counts the cell, and names the first one.
void count_missing(const CellGrid& cells, int64_t row, int64_t column, MissingValues& missing);
[[noreturn]] void refuse_missing(const CellGrid& cells, int64_t row, int64_t column,
                                 const ColumnSpec& spec);

// To float or double. Refers to what it is given. For several threads at once.
template <typename Number>
class NumericEncoder {
 public:
  NumericEncoder(const CellGrid& cells, const InputSpec& spec);
  // Writes all rows' numbers one after the other to `to`; counts what is missing in `piece`. Throws
  // what encode_table() throws, of several faults the first row's.
  void operator()(RowRange rows, Number* to, EncodedPiece& piece) const;

 private:
  void encode(size_t column, RowRange rows, Number* to, EncodedPiece& piece) const;
  void encode_date_at(size_t column, int64_t row, Number* to, EncodedPiece& piece) const;
  double number_at(size_t column, int64_t row, EncodedPiece& piece) const;
  bool is_there(size_t column, int64_t row, EncodedPiece& piece) const;

  const CellGrid& cells_;
  const InputSpec& spec_;
  const bool plain_;
  std::vector<std::vector<DatePart>> parts_;
  std::vector<int64_t> places_;  // of each column's first number in a row
  int64_t width_ = 0;
};

}  // namespace maas
