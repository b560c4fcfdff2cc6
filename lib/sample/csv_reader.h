// CSV text -> cells, by RFC 4180.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sample/spec.h"

namespace maas {

// Rows of equal length. Owns the text; cells point into it. Movable, immutable once parsed.
class CsvTable {
 public:
  int64_t rows() const { return static_cast<int64_t>(starts_.size()); }
  int64_t columns() const { return columns_; }
  std::string_view at(int64_t row, int64_t column) const {
    const Cell& cell = cells_[row * columns_ + column];
    if (cell.length == kUnescaped) return unescaped_[cell.offset];
    return {text_->data() + starts_[row] + cell.offset, cell.length};
  }
  int64_t line(int64_t row) const { return lines_[row]; }  // from 1
  // Whether the row is its cells and delimiters alone, from the start of its line: no quote and no
  // space around a cell.
  bool is_bare(int64_t row) const;
  // Where each cell starts: its line from 1, and the byte within that from 1.
  struct Start {
    int64_t line;
    size_t byte;
  };
  std::vector<Start> starts_of(int64_t row) const;
  // "file:line:column": the byte within its line where the cell starts, from 1.
  std::string place(int64_t row, int64_t column) const;
  const std::string& name() const { return name_; }

 private:
  friend class CsvParser;
  // 8 bytes, since there may be a billion: bytes of the text from where the row starts, or which of
  // unescaped_.
  struct Cell {
    uint32_t offset, length;
  };
  static constexpr uint32_t kUnescaped = UINT32_MAX;

  std::string name_;
  std::shared_ptr<const std::string> text_;  // shared: moving must not move the bytes
  std::deque<std::string> unescaped_;        // quoted cells that held doubled quotes
  std::vector<Cell> cells_;
  std::vector<uint64_t> starts_;  // byte offset of each row
  std::vector<int64_t> lines_;
  int64_t columns_ = 0;
  char delimiter_ = ',';
};

// Where a piece of a longer text starts, for messages and for the number of columns.
struct CsvStart {
  uint64_t byte = 0;  // a byte order mark is skipped at byte 0 alone
  int64_t line = 1;
  // Of the first row of the whole text; 0 columns = this piece has it.
  int64_t columns = 0, first_line = 1;
};

// A byte order mark is skipped; lines end in LF, CRLF or CR; empty lines are skipped; cells without
// quotes lose surrounding spaces and tabs. Throws Error{kInput} naming file, line and column: a row
// longer or shorter than the first, or of 4 GiB, an open or misplaced quote, a NUL byte.
CsvTable parse_csv(std::string text, const std::string& name, char delimiter,
                   const CsvStart& start = {});

// The same of text in the format's encoding, as UTF-8; throws Error{kInput} where it is not in
// that.
CsvTable read_csv(std::string text, const std::string& name, const TableFormat& format,
                  const CsvStart& start = {});

}  // namespace maas
