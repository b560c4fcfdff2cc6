#include "sample/table_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/throw_error.h"
#include "sample/cell_text.h"
#include "sample/text_pieces.h"
#include "sample/written_form.h"

namespace maas {
namespace {

bool same_but_for_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) ==
           std::tolower(static_cast<unsigned char>(y));
  });
}

bool is_known_category(std::string_view cell, const ColumnSpec& column) {
  const std::string key = category_key(cell);
  return std::any_of(column.categories.begin(), column.categories.end(),
                     [&](const std::string& known) { return category_key(known) == key; });
}

// Whether the first row is one of names that the model's columns do not have, rather than of
// values: a cell is a column's name, no number where one is wanted, or all are strange categories.
bool is_wrong_header(const CsvTable& table, const InputSpec& spec) {
  bool any_value = false;
  for (int64_t c = 0; c < table.columns(); ++c) {
    const std::string_view cell = table.at(0, c);
    const ColumnSpec& column = spec.columns[static_cast<size_t>(c)];
    const bool category = column.is_categorical() && is_known_category(cell, column);
    const bool name =
        std::any_of(spec.columns.begin(), spec.columns.end(),
                    [&](const ColumnSpec& other) { return same_but_for_case(cell, other.name); });
    if (name && !category) return true;
    if (column.is_categorical()) {
      any_value = any_value || category || is_missing(cell, spec.format);
    } else if (column.is_text()) {
      any_value = any_value || count_words(cell) > 1;
    } else {
      if (!is_missing_number(cell, spec.format) && !is_value(cell, column, spec.format)) {
        return true;
      }
      any_value = true;
    }
  }
  return !any_value;
}

// Throws where the first row is meant to hold the names.
bool has_header(const CsvTable& table, const InputSpec& spec) {
  if (table.rows() == 0) return false;
  if (names_every_column(table, spec)) return true;
  const bool as_wide = table.columns() == static_cast<int64_t>(spec.columns.size());
  if (!as_wide && !spec.format.header) return false;  // columns are called by their places
  if (as_wide && !(spec.format.header && is_wrong_header(table, spec))) return false;
  CsvGrid(table, {.has_header = true}).select(spec.columns);  // names what is absent
  return true;
}

class FirstRows final : public CellGrid {
 public:
  FirstRows(const CellGrid& all, int64_t rows) : all_(all), rows_(rows) {}
  int64_t rows() const override { return rows_; }
  Cell at(int64_t row, int64_t column) const override { return all_.at(row, column); }
  std::string place(int64_t row, int64_t column) const override { return all_.place(row, column); }
  void numbers(int64_t column, int64_t first, std::span<double> to) const override {
    all_.numbers(column, first, to);
  }

 private:
  const CellGrid& all_;
  int64_t rows_;
};

}  // namespace

CsvGrid grid_of_model(CsvTable table, const InputSpec& spec) {
  const bool named = has_header(table, spec);
  CsvGrid grid(std::move(table), {.has_header = named});
  if (named) {
    grid.select(spec.columns);
  } else if (grid.header().size() == spec.columns.size()) {
    grid.select_all();
  } else {
    grid.select(spec.columns);
  }
  return grid;
}

CsvStream::Options stream_options(const InputSpec& spec) {
  CsvStream::Options options;
  constexpr int64_t kTextValues = int64_t{1} << 24;
  if (spec.has_text()) {
    options.piece_bytes =
        static_cast<size_t>(std::clamp<int64_t>(kTextValues / spec.text.pieces, int64_t{4} << 10,
                                                static_cast<int64_t>(options.piece_bytes)));
  }
  return options;
}

TableStream::TableStream(CsvStream csv, std::string name, const InputSpec& spec)
    : csv_(std::move(csv)), name_(std::move(name)), spec_(spec) {}

std::optional<TablePiece> TableStream::next() {
  if (fault_) std::rethrow_exception(fault_);
  std::optional<CsvTable> table = csv_.next();
  // A header alone is no row.
  if (table && names_.empty() && rows_ == 0) {
    CsvGrid grid = grid_of_model(std::move(*table), spec_);
    names_ = grid.header();
    selected_ = grid.selected();
    if (grid.rows() > 0) return piece(std::move(grid));
    table = csv_.next();
  }
  if (!table) {
    if (rows_ > 0) return std::nullopt;
    throw_input(name_, names_.empty() ? "holds no row" : "0 rows after the header", "at least 1",
                "add rows");
  }
  CsvGrid grid(std::move(*table), {.names = names_});
  grid.select(selected_);
  return piece(std::move(grid));
}

TablePiece TableStream::piece(CsvGrid grid) {
  EncodedTable encoded = encode_good_rows(grid);
  add(encoded);
  TablePiece piece{std::move(grid), std::move(encoded.inputs), rows_};
  rows_ += piece.grid.rows();
  return piece;
}

EncodedTable TableStream::encode_good_rows(CsvGrid& grid) try {
  return encode_table(grid, spec_);
} catch (const Error& error) {
  if (error.kind() != ErrorKind::kInput) throw;
  fault_ = std::current_exception();
  int64_t good = 0;
  for (int64_t bad = grid.rows(); bad - good > 1;) {
    const int64_t middle = good + (bad - good) / 2;
    try {
      encode_table(FirstRows(grid, middle), spec_);
      good = middle;
    } catch (const Error&) {
      fault_ = std::current_exception();
      bad = middle;
    }
  }
  if (good == 0) std::rethrow_exception(fault_);
  grid.keep_rows([good](int64_t row) { return row < good; });
  return encode_table(grid, spec_);
}

void TableStream::add(const EncodedTable& table) {
  const auto sum = [](const auto& more, auto& all) {
    const auto known = std::find_if(all.begin(), all.end(),
                                    [&](const auto& one) { return one.column == more.column; });
    if (known == all.end()) {
      all.push_back(more);
    } else {
      known->count += more.count;
    }
  };
  for (const UnknownValues& unknown : table.unknown) sum(unknown, odd_.unknown);
  for (const MissingValues& missing : table.missing) sum(missing, odd_.missing);
  if (odd_.long_texts.count == 0) odd_.long_texts.first_place = table.long_texts.first_place;
  odd_.long_texts.count += table.long_texts.count;
}

std::vector<std::string> TableStream::warnings() const {
  std::vector<std::string> lines;
  tell_odd_values(odd_, spec_, name_, lines);
  return lines;
}

}  // namespace maas
