// A CSV file of any length -> the inputs of a table model, piece by piece.
#pragma once

#include <ATen/core/Tensor.h>

#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "sample/csv_grid.h"
#include "sample/csv_stream.h"
#include "sample/spec.h"
#include "sample/table_encoder.h"

namespace maas {

// The columns of a model in a table whose first row may be a header: as decode_csv() (raw_input.h)
// finds them. Throws Error{kInput} naming those that are absent.
CsvGrid grid_of_model(CsvTable table, const InputSpec& spec);

// How much text is to be parsed together, so that the inputs of many short rows stay below some
// hundred MiB.
CsvStream::Options stream_options(const InputSpec& spec);

struct TablePiece {
  CsvGrid grid;                    // with the file's other columns, too
  std::vector<at::Tensor> inputs;  // of the model, [rows, ...]
  int64_t first_row = 0;           // of the file, from 0; a header does not count
};

class TableStream {
 public:
  // `spec` must outlive it; `name` is the file's, for messages.
  TableStream(CsvStream csv, std::string name, const InputSpec& spec);
  // nullopt = there are no more. Throws Error{kInput} as decode_csv() does, also for no row at all;
  // of a row that cannot be encoded when those in front of it were given.
  std::optional<TablePiece> next();
  int64_t rows() const { return rows_; }  // so far
  bool at_end() const { return csv_.at_end(); }
  // So far, as tell_odd_values() has it.
  std::vector<std::string> warnings() const;

 private:
  TablePiece piece(CsvGrid grid);
  EncodedTable encode_good_rows(CsvGrid& grid);
  void add(const EncodedTable& table);

  CsvStream csv_;
  std::string name_;
  const InputSpec& spec_;
  std::vector<std::string> names_;  // of the file's columns; empty before the first piece
  std::vector<int64_t> selected_;   // the model's columns among them
  int64_t rows_ = 0;
  std::exception_ptr fault_;  // of the row that follows
  EncodedTable odd_;          // without inputs: what all pieces together have
};

}  // namespace maas
