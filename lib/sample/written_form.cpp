#include "sample/written_form.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "base/utf8.h"
#include "sample/cell_text.h"
#include "sample/csv_grid.h"
#include "sample/guess_numbers.h"

namespace maas {
namespace {

// Whether it is UTF-8 with a few damaged bytes rather than of one byte a letter, where hardly ever
// two letters side by side look like one of UTF-8.
bool is_damaged_utf8(std::string_view text) {
  int64_t letters = 0, faults = 0;
  for (size_t i = 0; i < text.size();) {
    const size_t length = utf8_length(text, i);
    letters += length > 1 ? 1 : 0;
    faults += length == 0 ? 1 : 0;
    i += std::max<size_t>(length, 1);
  }
  return letters >= faults;
}

std::string encoding_of(std::string_view text, const std::string& of_training) {
  const bool is_utf8 = utf8_fault_offset(text) == text.size();
  if (of_training == "utf-8") {
    const bool keep = is_utf8 || is_damaged_utf8(text);
    return keep ? of_training : guess_encoding(std::string(text), "");
  }
  const bool is_ascii = std::all_of(text.begin(), text.end(),
                                    [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  return is_utf8 && !is_ascii ? "utf-8" : of_training;
}

bool header_fits(std::string_view line, const TableFormat& form, const InputSpec& spec) {
  try {
    return names_every_column(read_csv(std::string(line), "", form), spec);
  } catch (const Error&) {
    return false;
  }
}

// The signs in the numbers of the model's columns, as all of the rows have them.
void guess_signs(std::string_view text, const InputSpec& spec, TableFormat& form) {
  form.decimal = form.thousands = "auto";
  std::vector<CellColumn> columns;
  try {
    const CsvGrid grid(read_csv(std::string(text), "", form), {});
    for (const ColumnSpec& column : spec.columns) {
      if (column.type != ColumnType::kNumeric || column.date) continue;
      const int64_t at = grid.find(column.name);
      columns.push_back({.name = column.name, .rows = grid.rows(), .at = [&grid, at](int64_t row) {
                           return grid.cell(row, at);
                         }});
    }
    form = guess_numbers(columns, form).format;
  } catch (const Error&) {  // told when the file is read
    form.decimal = ".";
    form.thousands = "";
  }
}

std::string shown(const std::string& delimiter) {
  return delimiter == "\t" ? "tabs" : fmt::format("'{}'", delimiter);
}

}  // namespace

char guess_delimiter(std::string_view text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  char best = ',';
  for (const char c : {',', ';', '\t', '|'}) {
    if (std::count(line.begin(), line.end(), c) > std::count(line.begin(), line.end(), best)) {
      best = c;
    }
  }
  return best;
}

std::string guess_encoding(const std::string& text, const std::string& name) {
  try {
    to_utf8(text, {}, name);
    return "";
  } catch (const Error&) {
    const bool is_windows = std::any_of(text.begin(), text.end(), [](char c) {
      return static_cast<unsigned char>(c) >= 0x80 && static_cast<unsigned char>(c) < 0xa0;
    });
    return is_windows ? "windows-1252" : "latin-1";
  }
}

bool names_every_column(const CsvTable& table, const InputSpec& spec) {
  if (table.rows() == 0) return false;
  std::unordered_set<std::string_view> names;
  for (int64_t c = 0; c < table.columns(); ++c) names.insert(table.at(0, c));
  return std::all_of(spec.columns.begin(), spec.columns.end(),
                     [&](const ColumnSpec& column) { return names.contains(column.name); });
}

std::optional<TableFormat> other_form(std::string_view start, const InputSpec& spec) {
  TableFormat form = spec.format;
  form.encoding = encoding_of(start, form.encoding);
  const std::string_view line = start.substr(0, start.find('\n'));
  if (!header_fits(line, form, spec)) {
    form.delimiter = guess_delimiter(line);
    if (form.delimiter == spec.format.delimiter || !header_fits(line, form, spec)) {
      return std::nullopt;
    }
    guess_signs(start, spec, form);
  }
  if (form == spec.format) return std::nullopt;
  return form;
}

std::string tell_other_form(const TableFormat& form, const TableFormat& of_training) {
  std::vector<std::string> ways;
  if (form.delimiter != of_training.delimiter) {
    ways.push_back(fmt::format("with {} between cells", shown(form.delimiter)));
  }
  if (form.decimal != of_training.decimal) {
    ways.push_back(fmt::format("with '{}' before decimals", form.decimal));
  }
  if (form.thousands != of_training.thousands) {
    ways.push_back(form.thousands.empty()
                       ? "with nothing between thousands"
                       : fmt::format("with '{}' between thousands", form.thousands));
  }
  if (form.encoding != of_training.encoding) ways.push_back("as " + form.encoding);
  return fmt::format("it is read {}, unlike the training data", fmt::join(ways, " and "));
}

}  // namespace maas
