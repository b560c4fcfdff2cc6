#include "guess_table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>

#include "base/error.h"
#include "base/json_writer.h"
#include "base/shown_text.h"
#include "base/throw_error.h"
#include "column_facts.h"
#include "column_uses.h"
#include "config_line.h"
#include "guess_header.h"
#include "guess_label.h"
#include "sample/cell_text.h"
#include "sample/csv_reader.h"
#include "sample/guess_numbers.h"
#include "sample/image_format.h"
#include "sample/table_encoder.h"
#include "suit_images.h"
#include "table_profile.h"
#include "table_sample.h"

namespace maas {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCommentsAt = 37;
constexpr int64_t kFewRows = 5000;     // smaller steps learn more from them
constexpr int64_t kMostToFold = 2000;  // more train and validate one network well enough
constexpr int64_t kRowsToFold = 50;    // fewer would leave a handful in each fold

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

std::string lines_of_numbers(const TableFormat& format) {
  if (format.decimal == "." && format.thousands.empty()) return "";
  return fmt::format("  decimal: {:<26}# of numbers, as the columns have it\n  thousands: {}\n",
                     json_quote(format.decimal), json_quote(format.thousands));
}

// What is to be predicted.
struct Predicted {
  std::vector<size_t> columns;  // one, or those of data.labels
  std::string why;              // of a guess
  std::string task;             // of data.task
  bool of_numbers() const { return task == "regression"; }
  bool are_several() const { return columns.size() > 1; }
};

bool predicts_numbers(const ColumnFacts& label, const std::string& task) {
  if (task == "regression" && !label.is_numeric) {
    throw_usage("--task regression", fmt::format("'{}' holds text", label.name),
                "a column of numbers", "name another with --label, or take classification");
  }
  if (!task.empty()) return task == "regression";
  return label.is_numeric && (!label.is_whole || label.values.size() > kMostClasses);
}

bool is_yes_or_no(const ColumnFacts& label) {
  static const std::set<std::string_view> kAnswers = {"0",    "1",     "true", "false",
                                                      "True", "False", "yes",  "no"};
  return std::ranges::all_of(label.values,
                             [](std::string_view value) { return kAnswers.contains(value); });
}

std::string task_of(const std::vector<ColumnFacts>& columns, const std::vector<size_t>& labels,
                    const std::string& task) {
  if (labels.size() == 1) {
    if (task == "multi_label") return task;
    return predicts_numbers(columns[labels[0]], task) ? "regression" : "classification";
  }
  const auto all = [&](const auto& fits) {
    return std::ranges::all_of(labels, [&](size_t label) { return fits(columns[label]); });
  };
  if (task != "regression" && all(is_yes_or_no)) return "multi_label";
  const bool numbers = all([](const ColumnFacts& label) { return label.is_numeric; });
  if (task != "multi_label" && task != "classification" && numbers) return "regression";
  throw_usage("data.labels",
              fmt::format("{} columns that are not all {}", labels.size(),
                          task == "regression" ? "numbers" : "0 or 1, or numbers"),
              "several numbers to predict, or several labels that are there (1) or not (0)",
              "name columns of one kind, or a single one with --label");
}

Predicted find_predicted(const std::vector<ColumnFacts>& columns, std::optional<size_t> image,
                         const GuessOptions& options, const std::string& where) {
  Predicted found;
  for (const std::string& label : options.labels) {
    found.columns.push_back(guess_label(columns, image, label, where).column);
  }
  if (found.columns.empty()) {
    const LabelGuess guessed = guess_label(columns, image, options.label, where);
    found = {{guessed.column}, guessed.why, ""};
  }
  found.task = task_of(columns, found.columns, options.task);
  return found;
}

// Bins are worth it where many rows stand for each: as measured by scripts/bench_tables.py.
int64_t bins_for(const std::vector<ColumnFacts>& columns, const std::vector<std::string>& reasons,
                 int64_t rows) {
  constexpr int64_t kBins = 16, kFewestRows = 600, kRowsForAColumn = 50;
  int64_t numbers = 0;
  for (size_t c = 0; c < columns.size(); ++c) {
    numbers += reasons[c].empty() && columns[c].is_numeric ? 1 : 0;
  }
  return numbers > 0 && rows >= std::max(kFewestRows, kRowsForAColumn * numbers) ? kBins : 0;
}

// As measured by scripts/bench_tables.py. The accuracy of a dozen rows is as good as it gets after
// a few epochs, while the loss still falls: it tells the better weights.
void suit_table(const std::string& task, DataGuess& guess) {
  guess.model = "{type: mlp, hidden: [128, 64], activation: gelu, dropout: 0.2}";
  guess.metrics = task == "regression"    ? "[rmse, mae, r2]"
                  : task == "multi_label" ? "[macro_f1, micro_f1, roc_auc, nll]"
                                          : "[accuracy, macro_f1, nll]";
  guess.watched = task == "regression" ? "rmse" : "nll";
  guess.batch_size = guess.samples < kFewRows ? 32 : 64;
  guess.steps = 3000;
  if (guess.samples >= kRowsToFold && guess.samples < kMostToFold) guess.folds = 5;
  if (task == "classification") guess.label_smoothing = 0.02;
}

// Whether the only inputs are texts.
bool is_all_text(const std::vector<ColumnFacts>& columns, size_t label) {
  int64_t texts = 0, others = 0;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (c == label || !columns[c].why_useless.empty()) continue;
    ++(columns[c].is_text ? texts : others);
  }
  return texts > 0 && others == 0;
}

// What was seen of the columns, for people and for programs.
void tell_columns(const std::vector<ColumnFacts>& columns, const std::vector<std::string>& uses,
                  DataGuess& guess) {
  guess.profile = table_profile(columns, uses);
  for (size_t c = 0; c < columns.size(); ++c) {
    const ColumnFacts& column = columns[c];
    ColumnProfile seen{.name = column.name, .kind = kind_of(column), .missing = column.missing};
    seen.distinct = static_cast<int64_t>(column.values.size());
    seen.examples = column.examples;
    seen.use = uses[c];
    if (column.is_numeric && !column.values.empty()) {
      seen.least = column.least;
      seen.most = column.most;
    }
    guess.columns.push_back(std::move(seen));
  }
}

void check_size(const CsvTable& table, bool header, const fs::path& path) {
  const int64_t rows = table.rows() - (header ? 1 : 0);
  if (rows >= 2 && table.columns() >= 2) return;
  throw_input(path.string(), fmt::format("has {} rows and {} columns", rows, table.columns()),
              "a header, two rows or more, and a label beside at least one column",
              "give a table that holds what to learn from");
}

// Of the whole file, by the part that was looked at.
int64_t all_rows(int64_t rows, const TableSample& sample) {
  return sample.is_part ? static_cast<int64_t>(static_cast<double>(rows) / sample.share) : rows;
}

// "1500 rows", or "about 9800000 rows, of which 95000 were looked at".
std::string rows_text(int64_t rows, const TableSample& sample) {
  if (!sample.is_part) return fmt::format("{} rows", rows);
  const auto all = static_cast<double>(all_rows(rows, sample));
  const double unit = std::pow(10, std::max(0.0, std::floor(std::log10(all)) - 1));
  return fmt::format("about {:.0f} rows, of which {} were looked at", std::round(all / unit) * unit,
                     rows);
}

// What training would refuse whatever the config says.
void check_label(const ColumnFacts& label, bool of_numbers, bool has_images, const fs::path& path) {
  const auto refuse = [&](const std::string& what, const std::string& expected) {
    throw_input(path.string(), fmt::format("the label '{}' {}", label.name, what), expected,
                "name another column with --label");
  };
  if (label.values.empty()) refuse("has no value in any row", "a value in at least two rows");
  const bool is_class = !of_numbers || has_images;
  if (is_class && label.values.size() < 2) {
    refuse(fmt::format("is '{}' in every row", shown_text(*label.values.begin())),
           "two classes or more");
  }
  if (of_numbers && label.is_beyond_float()) {
    refuse(fmt::format("goes up to {:.3g}", std::max(-label.least, label.most)),
           "numbers below 3.4e38, as float32 holds them");
  }
}

void tell_unlabelled(const ColumnFacts& label, const TableSample& sample, bool has_images,
                     DataGuess& guess) {
  if (label.missing == 0) return;
  guess.warnings.push_back(fmt::format(
      "{} {}rows have no '{}': {}", label.missing, sample.is_part ? "of these " : "", label.name,
      has_images ? "fill it in or remove them" : "data.missing_label: drop leaves them out"));
}

struct SeenLabels {
  const std::vector<ColumnFacts>& columns;
  const Predicted& predicted;
  const TableSample& sample;
  const fs::path& path;
  bool has_images;
};

// Of all labels: rows count where they have each.
void look_at_labels(const SeenLabels& seen, int64_t rows, DataGuess& guess) {
  guess.samples = all_rows(rows, seen.sample);
  for (const size_t label : seen.predicted.columns) {
    const ColumnFacts& column = seen.columns[label];
    check_label(column, seen.predicted.of_numbers(), seen.has_images, seen.path);
    guess.samples = std::min(guess.samples, all_rows(rows - column.missing, seen.sample));
    tell_unlabelled(column, seen.sample, seen.has_images, guess);
  }
}

void tell_unread(const TableSample& sample, const fs::path& path, DataGuess& guess) {
  if (sample.unread == 0) return;
  guess.warnings.push_back(fmt::format(
      "{} of the 15 places of {} that were looked into hold no rows as at its start, and count for "
      "nothing here: training reads all rows, and tells which one is wrong",
      sample.unread, path.filename().string()));
}

std::vector<fs::path> paths_of(const ColumnFacts& images, const fs::path& csv) {
  std::vector<fs::path> paths;
  for (const std::string_view name : images.values) paths.push_back(csv.parent_path() / name);
  return paths;
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

std::string decoded(std::string text, const std::string& encoding, const std::string& name) {
  if (encoding.empty()) return text;
  TableFormat format;
  format.encoding = encoding;
  return to_utf8(std::move(text), format, name);
}

std::string warning_of_encoding(const std::string& name, const std::string& encoding) {
  return fmt::format(
      "{} is not UTF-8: it is read as {}; where letters look wrong, set data.encoding", name,
      encoding);
}

struct SeenTable {
  const CsvTable& table;
  bool header;
  const std::vector<ColumnFacts>& columns;
  const Predicted& predicted;
  const GuessOptions& options;
};

// What is done with each column, and the settings for it.
void add_columns(const SeenTable& seen, DataGuess& guess) {
  const auto& [table, header, columns, predicted, options] = seen;
  const ColumnRoles roles{.label = predicted.columns[0],
                          .marks = options.marks,
                          .labels = {options.labels.begin(), options.labels.end()}};
  const auto reasons = reasons_to_ignore(table, header, columns, roles);
  guess.data += fmt::format("  task: {}\n", predicted.task);
  guess.data += lines_of_columns(columns, roles, reasons, guess.warnings);
  guess.numeric_bins = bins_for(columns, reasons, guess.samples);
  tell_columns(columns, uses_of(columns, roles.label, reasons, predicted.of_numbers()), guess);
}

// "the class 'species'", "the numbers 'a', 'b'".
std::string to_text(const Predicted& predicted, const std::vector<ColumnFacts>& columns) {
  std::vector<std::string> names;
  for (const size_t column : predicted.columns) {
    names.push_back(fmt::format("'{}'", columns[column].name));
  }
  const char* what = predicted.task == "regression"    ? "number"
                     : predicted.task == "multi_label" ? "label"
                                                       : "class";
  return fmt::format("the {}{} {}", what, predicted.are_several() ? "s" : "",
                     fmt::join(names, ", "));
}

// How the file is written, where that is not the usual.
std::string lines_of_file(char delimiter, const std::string& encoding, bool header) {
  std::string lines;
  if (delimiter != ',') {
    lines += fmt::format("  delimiter: {}\n",
                         delimiter == '\t' ? R"("\t")" : fmt::format("\"{}\"", delimiter));
  }
  if (!encoding.empty()) lines += fmt::format("  encoding: {:<25}# of the file\n", encoding);
  if (!header) lines += "  header: false                     # columns are column_1, ...\n";
  return lines;
}

}  // namespace

DataGuess guess_table(const fs::path& path, const std::string& written,
                      const GuessOptions& options) {
  TableSample sample = sample_table(path);
  std::string& text = sample.text;
  const char delimiter = guess_delimiter(text);
  const std::string encoding = guess_encoding(text, path.string());
  text = decoded(std::move(text), encoding, path.string());
  const CsvTable table = parse_csv(std::move(text), path.string(), delimiter);
  const HeaderGuess seen_header = guess_header(table);
  const bool header = options.header.value_or(seen_header.is_there);
  check_size(table, header, path);
  const NumberGuess numbers = numbers_of(table, header);
  const std::vector<ColumnFacts> columns = facts_of(table, header, numbers.format);
  const std::optional<size_t> image = image_column(columns);
  const Predicted predicted = find_predicted(columns, image, options, path.string());
  const int64_t rows = table.rows() - (header ? 1 : 0);
  DataGuess guess;
  look_at_labels({columns, predicted, sample, path, image.has_value()}, rows, guess);
  guess.data =
      fmt::format("  type: {}\n  train: {{path: {}}}\n", image ? "image_list" : "csv", written);
  const ColumnFacts& label = columns[predicted.columns[0]];
  if (options.labels.empty()) {  // those stand in the settings that were given
    guess.data +=
        config_line("  label: " + json_quote(label.name), "the column to predict", kCommentsAt);
  }
  if (image) {
    guess.data += config_line("  image: " + json_quote(columns[*image].name),
                              "the column with their paths", kCommentsAt);
  } else {
    add_columns({table, header, columns, predicted, options}, guess);
    if (!numbers.note.empty()) guess.warnings.push_back(numbers.note);
    guess.data += lines_of_numbers(numbers.format);
  }
  guess.data += lines_of_file(delimiter, encoding, header);
  if (!encoding.empty()) {
    guess.warnings.push_back(warning_of_encoding(path.filename().string(), encoding));
  }
  if (image) {
    suit_images(guess, paths_of(columns[*image], path), {label.values.begin(), label.values.end()});
    guess.found = fmt::format("a list of images, {}; predicting the class '{}'",
                              rows_text(rows, sample), label.name);
    look_at_images(columns[*image], path, guess);
    if (predicted.of_numbers()) {
      guess.warnings.push_back(fmt::format(
          "the {} numbers in '{}' count as classes: maas predicts no numbers from images",
          label.values.size(), label.name));
    }
  } else {
    suit_table(predicted.task, guess);
    if (is_all_text(columns, predicted.columns[0])) suit_texts(guess);
    guess.found = fmt::format("a table of {}; predicting {}", rows_text(rows, sample),
                              to_text(predicted, columns));
  }
  if (!options.header && !seen_header.doubt.empty()) guess.warnings.push_back(seen_header.doubt);
  tell_unread(sample, path, guess);
  if (!predicted.why.empty()) guess.found += ", " + predicted.why;
  return guess;
}

}  // namespace maas
