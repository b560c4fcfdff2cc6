// Cells of text -> the numeric and categorical inputs of a table model.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sample/cell.h"
#include "sample/cell_text.h"
#include "sample/spec.h"

namespace maas {

// Rows of text cells; columns are those of a specification, in its order.
class CellGrid {
 public:
  virtual ~CellGrid() = default;
  virtual int64_t rows() const = 0;
  virtual Cell at(int64_t row, int64_t column) const = 0;
  virtual std::string place(int64_t row, int64_t column) const = 0;  // for messages
  // Of the rows from `first` on, where that is quicker than at(): what parse_number() reads in the
  // cell with a point before decimals and nothing between thousands. NaN = look at the cell.
  virtual void numbers(int64_t column, int64_t first, std::span<double> to) const;
};

// The values of one column that training did not have: they count as index 0.
struct UnknownValues {
  std::string column;
  int64_t count = 0;
  std::string first;        // "purple"
  std::string first_place;  // "a.csv:3:7"
};

// "column 'colour': 2 values of categories that training did not have count as unknown (first:
// a.csv:3:7: 'purple')"
std::string to_text(const UnknownValues& unknown);

// The cells of one column that are missing where the model takes that.
struct MissingValues {
  std::string column;
  ColumnType type = ColumnType::kNumeric;
  int64_t count = 0;
  std::string first_place;
};

// "column 'age': 2 values are missing and count as the mean of training (first: a.csv:3:7)"
std::string to_text(const MissingValues& missing);

// Rows whose texts have more pieces than the model takes in (text_pieces.h).
struct LongTexts {
  int64_t count = 0;
  std::string first_place;  // of the first row's first text
};

// "the texts of 2 rows have more than the 640 pieces that the model takes in; pieces of words and
// pairs are left out first (first: a.csv:3:7)"
std::string to_text(const LongTexts& texts, const TextForm& form);

struct EncodedTable {
  std::vector<at::Tensor> inputs;  // numeric float32 or float64 [R, N] as the specification says,
                                   // categorical int64 [R, C], text int64 [R, text.pieces];
                                   // absent without such columns
  std::vector<UnknownValues> unknown;  // one for each column that has any
  std::vector<MissingValues> missing;  // likewise
  LongTexts long_texts = {};
};

// Whether CellGrid::numbers() says what the format does.
bool reads_plain_numbers(const TableFormat& format);

// Whether the cell of a numeric column that is not missing is what the column holds: a number or a
// date.
bool is_value(std::string_view cell, const ColumnSpec& column, const TableFormat& format);

// Throws Error{kInput} with the cell's place: missing while columns' missing policy is "error", not
// a number or no date where the column has these, too large for float32.
EncodedTable encode_table(const CellGrid& cells, const InputSpec& spec);

// "<name>: " and what to_text() says of each column that has unknown or missing values, and of long
// texts.
void tell_odd_values(const EncodedTable& table, const InputSpec& spec, const std::string& name,
                     std::vector<std::string>& warnings);

// Its inputs; `warnings`, unless null, gets what tell_odd_values() says.
std::vector<at::Tensor> encode_rows(const CellGrid& cells, const InputSpec& spec,
                                    const std::string& name, std::vector<std::string>* warnings);

// What is known of a column before its cells are read.
struct ColumnHint {
  std::string name;
  std::string type;            // a type_name() (spec.h) or "" (by the values)
  TableFormat format;          // of its cells
  std::string dates = "auto";  // day_first or month_first, where its dates do not tell
  int64_t rare = 0;            // categories in fewer rows are not learnt
};

// Type and statistics of each column, as `hints` has them, from the rows given. By the values one
// is numeric when all that are not missing are numbers, with one sign (sign_of) or without, and of
// dates when all are dates of one order; of the rest it is text when its cells are sentences
// (is_like_text()), else it is categorical. `told` gets a line for each thing that is guessed or
// left out. Throws Error{kInput} when all are missing; when dates could have the day first or the
// month; and when a column looks like numbers or dates with a few cells that are none: 9 of 10 are
// some, of more than 20 values or mostly different; it names these cells and the settings that read
// them.
std::vector<ColumnSpec> learn_columns(const CellGrid& cells, const std::vector<ColumnHint>& hints,
                                      const at::Tensor& index, std::vector<std::string>& told);

// The form that the texts of the rows `index` need in `buckets`: as many pieces as the longest row
// has, rounded up, at most `most`, which `told` tells. Without a column of text: none.
TextForm learn_text_form(const CellGrid& cells, const InputSpec& spec, const at::Tensor& index,
                         const TextForm& most, std::vector<std::string>& told);

// Mean and standard deviation of each column of float32 or float64 [R, N] over the rows `index`
// into columns[0..N).
void measure_numeric_columns(const at::Tensor& values, const at::Tensor& index,
                             std::vector<ColumnSpec>& columns);

// Of each target in float32 or float64 [R, K] over the rows `index`. A constant target has 1.
std::vector<TargetScale> measure_targets(const at::Tensor& targets, const at::Tensor& index);

}  // namespace maas
