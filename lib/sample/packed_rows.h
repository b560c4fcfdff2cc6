// Some rows of a CSV file, a column at a time and without the text of plain numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sample/csv_reader.h"
#include "sample/packed_column.h"

namespace maas {

// Immutable; for several threads at once.
class PackedRows {
 public:
  // The rows of `table` from `first` on. Of the columns that `keep_text` names (one entry each;
  // empty = none) cells stay text.
  PackedRows(const CsvTable& table, int64_t first, const std::vector<bool>& keep_text);

  int64_t rows() const { return rows_; }
  const PackedColumn& column(int64_t column) const { return columns_[static_cast<size_t>(column)]; }
  int64_t line(int64_t row) const {  // from 1
    return first_line_ + (lines_.empty() ? row : lines_[static_cast<size_t>(row)]);
  }
  // ":line:column", the byte within its line where the cell starts, from 1.
  std::string place(int64_t row, int64_t column) const;

 private:
  struct Start {
    uint32_t lines, byte;  // below the row's line; within its line, from 1
  };
  void note_starts(const CsvTable& table, int64_t first);

  int64_t rows_;
  std::vector<PackedColumn> columns_;
  int64_t first_line_ = 1;
  std::vector<uint32_t> lines_;  // below the first; empty = each row is the next line
  // Of the cells of rows that are more than cells and delimiters.
  std::unordered_map<int64_t, std::vector<Start>> starts_;
};

}  // namespace maas
