#include "guess_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <optional>
#include <set>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "data/gzip_reader.h"
#include "sample/csv_reader.h"
#include "sample/guess_numbers.h"
#include "sample/image_format.h"
#include "sample/table_encoder.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMostBytes = uint64_t{1} << 32;
constexpr size_t kMostClasses = 50;  // a whole-number label with more values is taken for a number
constexpr int64_t kFewRows = 5000;   // smaller steps learn more from them
constexpr int64_t kMostToFold = 2000;  // more train and validate one network well enough
constexpr int64_t kRowsToFold = 50;    // fewer would leave a handful in each fold
constexpr size_t kMostCategories =
    20;  // texts of which most are different are names, not categories

// What one column holds.
struct ColumnFacts {
  std::string name;
  std::set<std::string_view> values;  // those that are there
  bool is_numeric = true, is_whole = true;
  DateOrders dates;
  int64_t missing = 0;

  bool is_date() const { return !is_numeric && !dates.left().empty(); }
};

// The one that stands most often in the first line.
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

// Names are no numbers.
bool has_header(const CsvTable& table) {
  for (int64_t column = 0; column < table.columns(); ++column) {
    if (parse_number(table.at(0, column))) return false;
  }
  return true;
}

// Signs of numbers, as training would guess them.
NumberGuess numbers_of(const CsvTable& table, bool header) {
  const int64_t first = header ? 1 : 0;
  std::vector<CellColumn> columns;
  for (int64_t c = 0; c < table.columns(); ++c) {
    columns.push_back(
        {.name = header ? std::string(table.at(0, c)) : fmt::format("column_{}", c + 1),
         .rows = table.rows() - first,
         .at = [&table, c, first](int64_t row) { return table.at(row + first, c); }});
  }
  return guess_numbers(columns, {.decimal = "auto", .thousands = "auto"});
}

std::vector<ColumnFacts> facts_of(const CsvTable& table, bool header, const TableFormat& format) {
  std::vector<ColumnFacts> columns(static_cast<size_t>(table.columns()));
  for (size_t c = 0; c < columns.size(); ++c) {
    const auto column = static_cast<int64_t>(c);
    columns[c].name =
        header ? std::string(table.at(0, column)) : fmt::format("column_{}", column + 1);
    for (int64_t row = header ? 1 : 0; row < table.rows(); ++row) {
      const std::string_view cell = table.at(row, column);
      if (is_missing(cell)) {
        ++columns[c].missing;
        continue;
      }
      columns[c].values.insert(cell);
      columns[c].is_numeric =
          columns[c].is_numeric && parse_number(cell, format, sign_of(cell)).has_value();
      columns[c].is_whole =
          columns[c].is_whole && cell.find_first_of(format.decimal + "eE") == cell.npos;
      if (!columns[c].is_numeric) columns[c].dates.add(cell);
    }
  }
  return columns;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// The column whose every value is called as an image file is.
std::optional<size_t> image_column(const std::vector<ColumnFacts>& columns) {
  for (size_t c = 0; c < columns.size(); ++c) {
    const auto& values = columns[c].values;
    if (!values.empty() && std::all_of(values.begin(), values.end(), [](std::string_view value) {
          return has_image_extension(value);
        }))
      return c;
  }
  return {};
}

// The column with one of the usual names, else the last that is not `image`.
size_t label_column(const std::vector<ColumnFacts>& columns, std::optional<size_t> image) {
  static const std::set<std::string> kNames = {"label", "target", "class", "species", "y"};
  for (size_t c = 0; c < columns.size(); ++c) {
    if (kNames.count(lower(columns[c].name)) > 0) return c;
  }
  return image == columns.size() - 1 ? columns.size() - 2 : columns.size() - 1;
}

// It tells rows apart instead of telling something about them, or is empty.
bool is_useless(const ColumnFacts& column, int64_t rows) {
  const auto different = static_cast<int64_t>(column.values.size());
  if (different == 0) return true;
  if (column.is_date()) return false;
  if (column.is_numeric) {
    const std::string name = lower(column.name);
    return (name == "id" || name == "index" || name.empty()) && different == rows;
  }
  return column.values.size() > kMostCategories && 2 * different > rows;
}

// Lines for columns that are left out, with the policy for empty cells of the others.
std::string lines_of_columns(const std::vector<ColumnFacts>& columns, size_t label, int64_t rows,
                             std::vector<std::string>& warnings) {
  std::vector<std::string> ignored, dates;
  bool is_missing_somewhere = false, is_ambiguous = false;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (c == label) continue;
    if (is_useless(columns[c], rows)) {
      ignored.push_back(json_quote(columns[c].name) + ": ignore");
      continue;
    }
    is_missing_somewhere = is_missing_somewhere || columns[c].missing > 0;
    if (!columns[c].is_date()) continue;
    dates.push_back(json_quote(columns[c].name) + ": date");
    is_ambiguous = is_ambiguous || columns[c].dates.left().size() > 1;
  }
  if (ignored.size() + 1 == columns.size()) ignored.clear();  // then at least try them
  std::string lines = fmt::format("  missing: {:<26}# empty cells: error | mean | drop\n",
                                  is_missing_somewhere ? "mean" : "error");
  if (ignored.empty() && dates.empty()) return lines;
  lines += "  columns:\n";
  for (const std::string& column : dates) lines += "    " + column + "\n";
  for (const std::string& column : ignored) {
    lines += fmt::format("    {:<32}# it tells rows apart, or is empty\n", column);
  }
  if (is_ambiguous) {
    lines += "  dates: day_first                  # or month_first: no cell tells\n";
    warnings.push_back(
        "in the dates the day could come first or the month: data.dates is written as day_first; "
        "correct it if that is wrong");
  }
  return lines;
}

// As measured by scripts/bench_tables.py. The accuracy of a dozen rows is as good as it gets after
// a few epochs, while the loss still falls: it tells the better weights.
void suit_table(bool of_numbers, DataGuess& guess) {
  guess.model = "{type: mlp, hidden: [128, 64], activation: gelu, dropout: 0.2}";
  guess.metrics = of_numbers ? "[rmse, mae, r2]" : "[accuracy, macro_f1, nll]";
  guess.watched = of_numbers ? "rmse" : "nll";
  guess.batch_size = guess.samples < kFewRows ? 32 : 64;
  guess.steps = 3000;
  if (guess.samples >= kRowsToFold && guess.samples < kMostToFold) guess.folds = 5;
  if (!of_numbers) guess.label_smoothing = 0.02;
}

void check_size(const CsvTable& table, bool header, const fs::path& path) {
  const int64_t rows = table.rows() - (header ? 1 : 0);
  if (rows >= 2 && table.columns() >= 2) return;
  throw_input(path.string(), fmt::format("has {} rows and {} columns", rows, table.columns()),
              "a header, two rows or more, and a label beside at least one column",
              "give a table that holds what to learn from");
}

// Paths that lead nowhere from the folder of the file are told now, not when training starts.
void look_at_images(const ColumnFacts& images, const fs::path& csv, DataGuess& guess) {
  std::vector<std::string_view> absent;
  std::error_code ignored;
  for (const std::string_view name : images.values) {
    if (!fs::exists(csv.parent_path() / name, ignored)) absent.push_back(name);
  }
  if (absent.empty()) return;
  guess.warnings.push_back(fmt::format(
      "{} of {} images are not where '{}' says, seen from the folder of {} (first: {}): data.root "
      "names the folder that the paths are relative to",
      absent.size(), images.values.size(), images.name, csv.filename().string(), absent[0]));
}

}  // namespace

DataGuess guess_table(const fs::path& path, const std::string& written) {
  std::string text = read_maybe_gzipped(path.string(), kMostBytes);
  const char delimiter = guess_delimiter(text);
  const CsvTable table = parse_csv(std::move(text), path.string(), delimiter);
  const bool header = table.rows() > 0 && has_header(table);
  check_size(table, header, path);
  const NumberGuess numbers = numbers_of(table, header);
  const std::vector<ColumnFacts> columns = facts_of(table, header, numbers.format);
  const std::optional<size_t> image = image_column(columns);
  const size_t which = label_column(columns, image);
  const ColumnFacts& label = columns[which];
  const bool of_numbers =
      label.is_numeric && (!label.is_whole || label.values.size() > kMostClasses);
  DataGuess guess;
  guess.samples = table.rows() - (header ? 1 : 0);
  guess.data =
      fmt::format("  type: {}\n  train: {{path: {}}}\n", image ? "image_list" : "csv", written);
  guess.data += fmt::format("  label: {:<28}# the column to predict\n", json_quote(label.name));
  if (image) {
    guess.data += fmt::format("  image: {:<28}# the column with their paths\n",
                              json_quote(columns[*image].name));
  } else {
    guess.data += fmt::format("  task: {}\n", of_numbers ? "regression" : "classification");
    guess.data += lines_of_columns(columns, which, guess.samples, guess.warnings);
    if (!numbers.note.empty()) guess.warnings.push_back(numbers.note);
    if (numbers.format.decimal != "." || !numbers.format.thousands.empty()) {
      guess.data += fmt::format("  decimal: {:<26}# of numbers, as the columns have it\n",
                                json_quote(numbers.format.decimal));
      guess.data += fmt::format("  thousands: {}\n", json_quote(numbers.format.thousands));
    }
  }
  if (delimiter != ',') {
    guess.data += fmt::format("  delimiter: {}\n",
                              delimiter == '\t' ? R"("\t")" : fmt::format("\"{}\"", delimiter));
  }
  if (!header) guess.data += "  header: false                     # columns are column_1, ...\n";
  if (image) {
    suit_images(guess);
    guess.found =
        fmt::format("a list of {} images; predicting the class '{}'", guess.samples, label.name);
    look_at_images(columns[*image], path, guess);
    if (of_numbers) {
      guess.warnings.push_back(fmt::format(
          "the {} numbers in '{}' count as classes: maas predicts no numbers from images",
          label.values.size(), label.name));
    }
  } else {
    suit_table(of_numbers, guess);
    guess.found = fmt::format("a table of {} rows; predicting the {} '{}'", guess.samples,
                              of_numbers ? "number" : "class", label.name);
  }
  if (label.missing > 0) {
    guess.warnings.push_back(
        fmt::format("{} rows have no '{}': fill it in or remove them", label.missing, label.name));
  }
  return guess;
}

}  // namespace maas
