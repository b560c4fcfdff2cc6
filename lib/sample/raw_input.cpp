#include "sample/raw_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/files.h"
#include "base/throw_error.h"
#include "sample/csv_grid.h"
#include "sample/image_codec.h"
#include "sample/image_format.h"

namespace maas {
namespace {

constexpr int64_t kMostImageBytes = int64_t{256} << 20;

bool names_every_column(const CsvTable& table, const InputSpec& spec) {
  return std::all_of(spec.columns.begin(), spec.columns.end(), [&](const ColumnSpec& column) {
    for (int64_t c = 0; c < table.columns(); ++c) {
      if (table.at(0, c) == column.name) return true;
    }
    return false;
  });
}

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
    const bool category = column.categorical && is_known_category(cell, column);
    const bool name =
        std::any_of(spec.columns.begin(), spec.columns.end(),
                    [&](const ColumnSpec& other) { return same_but_for_case(cell, other.name); });
    if (name && !category) return true;
    if (column.categorical) {
      any_value = any_value || category || is_missing(cell, spec.format);
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
  if (as_wide && !(spec.format.header && is_wrong_header(table, spec))) return false;
  CsvGrid(table, {.has_header = true}).select(spec.columns);  // names what is absent
  return true;
}

}  // namespace

std::vector<at::Tensor> decode_image(std::string_view bytes, const std::string& name,
                                     const InputSpec& spec) {
  if (spec.kind != InputKind::kImage) {
    throw_input(name, "is an image", "rows of a table, as the model takes", "give CSV or JSON");
  }
  return {decode_to_fit(bytes, name, spec).unsqueeze(0)};
}

std::vector<at::Tensor> decode_image_file(const std::string& path, const InputSpec& spec) {
  return decode_image(read_file(path, kMostImageBytes), path, spec);
}

std::vector<at::Tensor> decode_csv(std::string_view text, const std::string& name,
                                   const InputSpec& spec, std::vector<std::string>* warnings) {
  if (spec.kind != InputKind::kTable) {
    throw_input(name, "is a table", "an image, as the model takes",
                fmt::format("give a {} file", image_format_names()));
  }
  CsvTable table = read_csv(std::string(text), name, spec.format);
  const bool named = has_header(table, spec);
  CsvGrid grid(std::move(table), {.has_header = named});
  if (named) {
    grid.select(spec.columns);
  } else {
    grid.select_all();
  }
  if (grid.rows() == 0) throw_input(name, "0 rows after the header", "at least 1", "add rows");
  return encode_rows(grid, spec, name, warnings);
}

}  // namespace maas
