// Some columns and rows of a CSV file, by name.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "sample/csv_reader.h"
#include "sample/spec.h"
#include "sample/table_encoder.h"

namespace maas {

// The names of a table's columns: those of its first row, or column_1, column_2, ... without a
// header. A column without a name is called column_N by its place, and of those that have the same
// the later ones get _2, _3 ... behind it.
std::vector<std::string> column_names(const CsvTable& table, bool has_header);

class CsvGrid final : public CellGrid {
 public:
  struct Options {
    bool has_header = true;  // else columns are called column_1, column_2, ...
    // Of a table that continues another one: the names that the first row of that one gave. It has
    // no header then.
    std::vector<std::string> names = {};
  };
  // Throws Error{kInput} for an empty table.
  CsvGrid(CsvTable table, const Options& options);

  const std::vector<std::string>& header() const { return header_; }
  const std::string& file() const { return table_.name(); }
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

  int64_t rows() const override { return static_cast<int64_t>(rows_.size()); }
  std::string_view at(int64_t row, int64_t column) const override {
    return cell(row, selected_[column]);
  }
  std::string place(int64_t row, int64_t column) const override {
    return cell_place(row, selected_[column]);
  }

  // By column of the file.
  std::string_view cell(int64_t row, int64_t column) const { return table_.at(rows_[row], column); }
  std::string cell_place(int64_t row, int64_t column) const {
    return table_.place(rows_[row], column);
  }
  std::vector<int64_t> lines() const;  // of each row in the file, from 1

 private:
  CsvTable table_;
  std::vector<std::string> header_;
  std::vector<int64_t> rows_;      // of table_
  std::vector<int64_t> selected_;  // columns of table_
};

}  // namespace maas
