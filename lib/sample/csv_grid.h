// Some columns and rows of a CSV file, by name.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sample/csv_reader.h"
#include "sample/packed_rows.h"
#include "sample/row_lines.h"
#include "sample/spec.h"
#include "sample/table_encoder.h"

namespace maas {

// The names of a table's columns: those of its first row, or column_1, column_2, ... without a
// header. A column without a name is called column_N by its place, and of those that have the same
// the later ones get _2, _3 ... behind it.
std::vector<std::string> column_names(const CsvTable& table, bool has_header);

// Plain numbers are kept packed (PackedColumn).
class CsvGrid final : public CellGrid {
 public:
  struct Options {
    bool has_header = true;  // else columns are called column_1, column_2, ...
    // Of a table that continues another one: the names that the first row of that one gave. It has
    // no header then.
    std::vector<std::string> names = {};
    std::set<std::string> texts = {};  // names of columns that text() will be asked for
  };
  // Throws Error{kInput} for an empty table.
  CsvGrid(const CsvTable& table, const Options& options);

  // Rows that follow in the same file, as many cells each.
  void append(PackedRows rows);
  PackedRows packed(const CsvTable& table) const { return {table, 0, keeps_text_}; }

  const std::vector<std::string>& header() const { return header_; }
  const std::string& file() const { return file_; }
  // The column of the file called `name`; throws Error{kInput} with a suggestion.
  int64_t find(const std::string& name) const;

  // Makes `columns` (by name, in their order) the columns of at() and place(). Throws Error{kInput}
  // naming all that are absent.
  void select(const std::vector<ColumnSpec>& columns);
  void select(std::vector<int64_t> columns) { selected_ = std::move(columns); }  // by place
  void select_all();  // the file's columns as they come
  const std::vector<int64_t>& selected() const { return selected_; }
  const std::string& selected_name(size_t column) const { return header_[selected_[column]]; }
  void keep_rows(const std::function<bool(int64_t row)>& keep);

  int64_t rows() const override { return all_ ? blocks_.end : static_cast<int64_t>(rows_.size()); }
  Cell at(int64_t row, int64_t column) const override { return cell(row, selected_[column]); }
  std::string place(int64_t row, int64_t column) const override {
    return cell_place(row, selected_[column]);
  }
  void numbers(int64_t column, int64_t first, std::span<double> to) const override;

  // By column of the file.
  Cell cell(int64_t row, int64_t column) const;
  std::string_view text(int64_t row, int64_t column) const;  // of one of Options::texts
  std::string cell_place(int64_t row, int64_t column) const;
  // The first row from `row` on that PackedColumn::next_odd() stops at; some row before it where
  // that is simpler.
  int64_t next_odd(int64_t row, int64_t column, bool points) const;
  RowLines lines() const;  // of each row in the file, from 1

 private:
  // Pieces of the file, and where each ends.
  struct Blocks {
    std::vector<PackedRows> rows;
    std::vector<int64_t> ends;
    int64_t end = 0;
  };
  struct Place {
    const PackedRows& block;
    int64_t row;   // of it
    int64_t left;  // rows from there on
  };
  Place find_row(int64_t row) const;  // of the file

  std::string file_;
  std::vector<std::string> header_;
  std::unordered_map<std::string, int64_t> places_;  // of the columns, by name
  std::vector<bool> keeps_text_;
  Blocks blocks_;
  bool all_ = true;  // rows, else those of rows_
  std::vector<int64_t> rows_;
  std::vector<int64_t> selected_;  // columns of the file
};

}  // namespace maas
