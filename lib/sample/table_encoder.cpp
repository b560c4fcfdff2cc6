#include "sample/table_encoder.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <limits>
#include <span>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/memory.h"
#include "base/throw_error.h"
#include "sample/numeric_encoder.h"
#include "sample/read_date.h"
#include "sample/text_pieces.h"

namespace maas {
namespace {

void add_missing(std::vector<MissingValues>&& columns, EncodedTable& table) {
  for (MissingValues& missing : columns) {
    if (missing.count > 0) table.missing.push_back(std::move(missing));
  }
}

// The texts of some rows.
class TextEncoder {
 public:
  TextEncoder(const CellGrid& cells, const InputSpec& spec) : cells_(cells), spec_(spec) {}

  void operator()(RowRange rows, int64_t* to, EncodedPiece& piece) const {
    for (int64_t row = rows.first; row < rows.end; ++row, to += spec_.text.pieces) {
      encode(row, to, piece);
    }
  }

 private:
  void encode(int64_t row, int64_t* to, EncodedPiece& piece) const {
    std::vector<Cell> kept;  // texts are views of them
    kept.reserve(spec_.columns.size());
    std::vector<TextCell> texts;
    int64_t first = -1;
    for (size_t c = 0; c < spec_.columns.size(); ++c) {
      const ColumnSpec& column = spec_.columns[c];
      if (!column.is_text()) continue;
      const auto at = static_cast<int64_t>(c);
      const std::string_view cell = kept.emplace_back(cells_.at(row, at));
      if (first < 0) first = at;
      if (static_cast<int64_t>(cell.size()) > kMostTextBytes) refuse_length(row, at, cell.size());
      if (!is_missing_text(cell, spec_.format)) {
        texts.push_back({cell, column.name});
        continue;
      }
      if (spec_.missing == "error") refuse_missing(cells_, row, at, column);
      count_missing(cells_, row, at, piece.missing[c]);
    }
    const int64_t room = spec_.text.pieces;
    const int64_t count = text_pieces(texts, spec_.text, to, room);
    std::fill(to + std::min(count, room), to + room, 0);
    if (count > room && piece.long_texts.count++ == 0) {
      piece.long_texts.first_place = cells_.place(row, first);
    }
  }

  [[noreturn]] void refuse_length(int64_t row, int64_t column, size_t bytes) const {
    throw_input(cells_.place(row, column), fmt::format("a text of {} bytes", bytes),
                fmt::format("at most {}", kMostTextBytes), "cut it, or split it into several");
  }

  const CellGrid& cells_;
  const InputSpec& spec_;
};

// As if one thread had gone through all rows: the first error is thrown.
EncodedPiece joined(std::vector<EncodedPiece>& pieces) {
  const auto add = [](const auto& more, auto& sum) {
    if (sum.count == 0) sum.first_place = more.first_place;
    sum.count += more.count;
  };
  EncodedPiece all = std::move(pieces[0]);
  if (all.error) std::rethrow_exception(all.error);
  for (const EncodedPiece& piece : std::span(pieces).subspan(1)) {
    if (piece.error) std::rethrow_exception(piece.error);
    for (size_t c = 0; c < all.missing.size(); ++c) add(piece.missing[c], all.missing[c]);
    add(piece.long_texts, all.long_texts);
  }
  return all;
}

// A word becomes as many numbers as the longest text has.
void check_room(int64_t rows, int64_t pieces) {
  constexpr int64_t kLittle = int64_t{64} << 20;
  const double bytes = static_cast<double>(rows) * static_cast<double>(pieces) * 8;
  if (bytes < static_cast<double>(kLittle)) return;
  const int64_t available = available_memory();
  if (bytes < static_cast<double>(available) / 2) return;
  throw Error(ErrorKind::kResources,
              {.where = "text",
               .what = fmt::format("{} rows of {} pieces take {:.1f} GiB", rows, pieces,
                                   bytes / static_cast<double>(int64_t{1} << 30)),
               .expected = fmt::format(
                   "at most half of the {:.1f} GiB that are available",
                   static_cast<double>(available) / static_cast<double>(int64_t{1} << 30)),
               .fix = "give fewer rows, or a lower data.text_pieces"});
}

// encoder(rows, to, piece) writes `width` values of each row.
template <typename Number, typename Encoder>
at::Tensor encode_in_parts(const CellGrid& cells, const InputSpec& spec, int64_t width,
                           EncodedTable& table) {
  const int64_t rows = cells.rows();
  const int64_t count = std::max<int64_t>((rows + kRowsAtOnce - 1) / kRowsAtOnce, 1);
  if constexpr (std::is_same_v<Encoder, TextEncoder>) check_room(rows, width);
  at::Tensor out = at::empty({rows, width}, c10::CppTypeToScalarType<Number>::value);
  auto* to = out.mutable_data_ptr<Number>();
  const Encoder encoder(cells, spec);
  std::vector<MissingValues> none;
  for (const ColumnSpec& column : spec.columns) {
    none.push_back({.column = column.name, .type = column.type, .first_place = {}});
  }
  std::vector<EncodedPiece> pieces(static_cast<size_t>(count));
  at::parallel_for(0, count, 1, [&](int64_t from, int64_t end) {
    for (int64_t i = from; i < end; ++i) {
      EncodedPiece& piece = pieces[static_cast<size_t>(i)];
      piece.missing = none;
      try {
        const int64_t first = i * kRowsAtOnce;
        encoder({first, std::min(first + kRowsAtOnce, rows)}, to + first * width, piece);
      } catch (const Error&) {
        piece.error = std::current_exception();
      }
    }
  });
  EncodedPiece all = joined(pieces);
  add_missing(std::move(all.missing), table);
  if (all.long_texts.count > 0) table.long_texts = all.long_texts;
  return out;
}

// From a cell to the index of its category: as it is written, else by what it means, as long as
// that is the meaning of one category alone.
class CategoryIndex {
 public:
  explicit CategoryIndex(const ColumnSpec& column) {
    for (const std::string& category : column.categories) {
      const auto index = static_cast<int64_t>(exact_.size()) + 1;
      exact_.emplace(category, index);
      const auto [same, fresh] = by_key_.emplace(category_key(category), index);
      if (!fresh) same->second = 0;
    }
    rare_.insert(column.rare.begin(), column.rare.end());
  }
  // Whether training had it, although too rarely for an index.
  bool is_rare(std::string_view cell) const { return rare_.contains(cell); }
  int64_t of(std::string_view cell) const {
    if (const auto found = exact_.find(cell); found != exact_.end()) return found->second;
    if (is_rare(cell)) return 0;
    const auto found = by_key_.find(category_key(cell));
    return found == by_key_.end() ? 0 : found->second;
  }

 private:
  std::unordered_map<std::string_view, int64_t> exact_;
  std::unordered_map<std::string, int64_t> by_key_;  // 0 = of several
  std::unordered_set<std::string_view> rare_;
};

void encode_category_column(const CellGrid& cells, const InputSpec& spec, size_t c, int64_t stride,
                            int64_t* to, EncodedTable& table) {
  const ColumnSpec& column = spec.columns[c];
  const auto at = static_cast<int64_t>(c);
  UnknownValues unknown;
  unknown.column = column.name;
  std::vector<MissingValues> missing(1);
  missing[0].column = column.name;
  missing[0].type = ColumnType::kCategorical;
  const CategoryIndex index(column);
  for (int64_t row = 0; row < cells.rows(); ++row, to += stride) {
    const Cell cell = cells.at(row, at);
    if (is_missing(cell, spec.format)) {
      if (spec.missing == "error") refuse_missing(cells, row, at, column);
      count_missing(cells, row, at, missing[0]);
      *to = 0;
      continue;
    }
    *to = index.of(cell);
    if (*to > 0 || index.is_rare(cell)) continue;
    if (unknown.count++ > 0) continue;
    unknown.first = cell.view();
    unknown.first_place = cells.place(row, at);
  }
  if (unknown.count > 0) table.unknown.push_back(std::move(unknown));
  add_missing(std::move(missing), table);
}

}  // namespace

void CellGrid::numbers(int64_t /*column*/, int64_t /*first*/, std::span<double> to) const {
  std::fill(to.begin(), to.end(), std::numeric_limits<double>::quiet_NaN());
}

bool reads_plain_numbers(const TableFormat& format) {
  return format.decimal == "." && format.thousands != "." &&
         std::none_of(format.missing_values.begin(), format.missing_values.end(),
                      [](const std::string& value) { return parse_number(value).has_value(); });
}

std::string to_text(const UnknownValues& unknown) {
  return fmt::format(
      "column '{}': {} value{} of categories that training did not have count{} as unknown "
      "(first: {}: '{}')",
      unknown.column, unknown.count, unknown.count == 1 ? "" : "s", unknown.count == 1 ? "s" : "",
      unknown.first_place, unknown.first);
}

std::string to_text(const MissingValues& missing) {
  const bool one = missing.count == 1;
  const char* as = missing.type == ColumnType::kNumeric       ? "the mean of training"
                   : missing.type == ColumnType::kCategorical ? "unknown"
                                                              : "a text without words";
  return fmt::format("column '{}': {} value{} missing and count{} as {} (first: {})",
                     missing.column, missing.count, one ? " is" : "s are", one ? "s" : "", as,
                     missing.first_place);
}

std::string to_text(const LongTexts& texts, const TextForm& form) {
  const bool one = texts.count == 1;
  return fmt::format(
      "the text{} of {} row{} {} more than the {} pieces that the model takes in; pieces of words "
      "and pairs of words are left out first (first: {})",
      one ? "" : "s", texts.count, one ? "" : "s", one ? "has" : "have", form.pieces,
      texts.first_place);
}

bool is_value(std::string_view cell, const ColumnSpec& column, const TableFormat& format) {
  return column.date ? read_date(cell, *column.date).has_value()
                     : parse_number(cell, format, column.sign).has_value();
}

EncodedTable encode_table(const CellGrid& cells, const InputSpec& spec) {
  const auto categorical = static_cast<int64_t>(spec.categorical_columns().size());
  const auto numeric = static_cast<int64_t>(spec.numeric_features().size());
  EncodedTable table;
  if (numeric > 0) {
    using Double = NumericEncoder<double>;
    using Float = NumericEncoder<float>;
    table.inputs.push_back(spec.float64
                               ? encode_in_parts<double, Double>(cells, spec, numeric, table)
                               : encode_in_parts<float, Float>(cells, spec, numeric, table));
  }
  if (categorical > 0) {
    at::Tensor out = at::empty({cells.rows(), categorical}, at::kLong);
    auto* to = out.mutable_data_ptr<int64_t>();
    for (size_t c = 0; c < spec.columns.size(); ++c) {
      if (spec.columns[c].is_categorical())
        encode_category_column(cells, spec, c, categorical, to++, table);
    }
    table.inputs.push_back(out);
  }
  if (spec.has_text()) {
    table.inputs.push_back(
        encode_in_parts<int64_t, TextEncoder>(cells, spec, spec.text.pieces, table));
  }
  return table;
}

void tell_odd_values(const EncodedTable& table, const InputSpec& spec, const std::string& name,
                     std::vector<std::string>& warnings) {
  for (const UnknownValues& unknown : table.unknown) {
    warnings.push_back(name + ": " + to_text(unknown));
  }
  for (const MissingValues& missing : table.missing) {
    warnings.push_back(name + ": " + to_text(missing));
  }
  if (table.long_texts.count == 0) return;
  warnings.push_back(name + ": " + to_text(table.long_texts, spec.text));
}

std::vector<at::Tensor> encode_rows(const CellGrid& cells, const InputSpec& spec,
                                    const std::string& name, std::vector<std::string>* warnings) {
  EncodedTable table = encode_table(cells, spec);
  if (warnings != nullptr) tell_odd_values(table, spec, name, *warnings);
  return std::move(table.inputs);
}

}  // namespace maas
