// Tables in CSV files.
#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <set>

#include "base/did_you_mean.h"
#include "base/name_first.h"
#include "base/throw_error.h"
#include "data/read_csv_file.h"
#include "data/source.h"
#include "data/table_marks.h"
#include "data/tensor_dataset.h"
#include "sample/csv_grid.h"
#include "sample/guess_numbers.h"
#include "sample/labels.h"
#include "sample/text_pieces.h"

namespace maas {
namespace {

TaskKind task_of(const DataConfig& config) {
  if (config.task == "regression") return TaskKind::kRegression;
  return config.task == "multi_label" ? TaskKind::kMultiLabel : TaskKind::kClassification;
}

bool any_needs_float64(const std::vector<NumericFeature>& features) {
  return std::any_of(features.begin(), features.end(), [](const NumericFeature& feature) {
    return needs_float64(feature.mean, feature.std_dev);
  });
}

class CsvSource final : public Source {
 public:
  CsvSource(const SourceRequest& request, CsvGrid grid)
      : config_(request.config),
        format_(config_.table_format()),
        labels_(config_.label_columns()),
        grid_(std::move(grid)),
        split_(request.split) {
    for (const std::string& label : labels_) label_columns_.push_back(grid_.find(label));
    if (request.known) {
      take_up(request.known->input);
      if (split_ == "train") tell_unread_columns(request.warnings);
    } else {
      select_features();
      guess_format(request.warnings);
    }
    if (config_.missing_label == "drop") drop_unlabelled(request.warnings);
    find_signs();
    if (config_.missing == "drop") drop_rows(request.warnings);
  }

  int64_t size() const override { return grid_.rows(); }

  RowMarks marks() const override { return table_marks(grid_, config_, format_); }

  DataSpec learn(const at::Tensor& index, std::vector<std::string>& told) const override {
    DataSpec spec;
    spec.input.kind = InputKind::kTable;
    spec.input.format = format_;
    spec.input.missing = config_.missing == "mean" ? "mean" : "error";
    std::vector<ColumnHint> hints;
    for (size_t c = 0; c < types_.size(); ++c) {
      hints.push_back({.name = grid_.selected_name(c),
                       .type = types_[c],
                       .format = format_,
                       .dates = config_.dates,
                       .rare = config_.rare});
    }
    spec.input.columns = learn_columns(grid_, hints, index, told);
    spec.input.text =
        learn_text_form(grid_, spec.input, index,
                        {.buckets = config_.text_buckets, .pieces = config_.text_pieces}, told);
    spec.input.float64 =
        config_.normalize == "standardize" && any_needs_float64(spec.input.numeric_features());
    spec.task.kind = task_of(config_);
    spec.task.labels = spec.task.kind == TaskKind::kClassification ? class_labels() : labels_;
    tell_alike_labels(spec.task, told);
    if (config_.standardizes_targets()) {
      spec.task.scales = measure_targets(targets(spec.task), index);
    }
    return spec;
  }

  std::shared_ptr<const Dataset> conform(const DataSpec& spec,
                                         std::vector<std::string>& warnings) const override {
    if (spec.input.kind != InputKind::kTable || spec.task.kind != task_of(config_)) {
      throw_input(grid_.file(), fmt::format("is a table for {}", config_.task),
                  fmt::format("{} data for {}", to_text(spec.input.kind), to_text(spec.task.kind)),
                  "give data of the kind that the model was trained on");
    }
    InputSpec as_written = spec.input;  // this file's format, whatever the model's was
    as_written.format = format_;
    EncodedTable table = encode_table(grid_, as_written);
    for (const UnknownValues& unknown : table.unknown) note_unknown(unknown, warnings);
    if (table.long_texts.count > 0) {
      warnings.push_back(split_ + ": " + to_text(table.long_texts, spec.input.text));
    }
    const std::string stem = std::filesystem::path(grid_.file()).filename().string();
    return tensor_dataset(
        {.inputs = std::move(table.inputs),
         .targets = targets(spec.task).to(target_type(spec.task)),
         .spec = spec,
         .name_of = [stem, lines = grid_.lines()](
                        int64_t i) { return fmt::format("{}:{}", stem, lines[i]); },
         .missing = std::move(table.missing),
         .texts = first_texts(spec.input)});
  }

 private:
  // Every column that is neither a label nor ignored.
  void select_features() {
    for (const auto& [name, type] : config_.columns) grid_.find(name);  // must exist
    for (const std::string& name : {config_.group, config_.order}) {
      if (!name.empty()) grid_.find(name);
    }
    std::vector<ColumnSpec> features;
    for (const std::string& name : grid_.header()) {
      if (std::count(labels_.begin(), labels_.end(), name) > 0) continue;
      const auto given = config_.columns.find(name);
      const std::string type = given == config_.columns.end() ? "" : given->second;
      const bool marks_rows = name == config_.group || name == config_.order;
      if (type == "ignore" || (type.empty() && marks_rows)) continue;
      features.push_back({.name = name, .categories = {}});
      types_.push_back(type);
    }
    if (features.empty()) {
      throw_input(grid_.file(), "no column is left to learn from",
                  "at least one besides the labels",
                  "check data.label, data.columns, data.delimiter");
    }
    grid_.select(features);
  }

  // How each row's first text begins; of a table of many rows none.
  std::vector<std::string> first_texts(const InputSpec& input) const {
    constexpr int64_t kMostRows = 200'000;
    constexpr size_t kMostBytes = 160;
    const auto text = std::find_if(input.columns.begin(), input.columns.end(),
                                   [](const ColumnSpec& column) { return column.is_text(); });
    std::vector<std::string> texts;
    if (text == input.columns.end() || grid_.rows() > kMostRows) return texts;
    texts.reserve(static_cast<size_t>(grid_.rows()));
    for (int64_t row = 0; row < grid_.rows(); ++row) {
      const Cell cell = grid_.at(row, text - input.columns.begin());
      texts.push_back(first_words(cell, kMostBytes));
    }
    return texts;
  }

  // The columns, types and signs of a model; what the config leaves open is as the model has it.
  void take_up(const InputSpec& known) {
    grid_.select(known.columns);
    for (const ColumnSpec& column : known.columns) {
      types_.push_back(type_name(column));
    }
    if (format_.decimal == "auto") format_.decimal = known.format.decimal;
    if (format_.thousands == "auto") format_.thousands = known.format.thousands;
    if (format_.thousands == format_.decimal) format_.thousands = "";
  }

  // Of the data that a network of other data is to learn from.
  void tell_unread_columns(std::vector<std::string>& warnings) const {
    std::vector<std::string> unread;
    for (size_t c = 0; c < grid_.header().size(); ++c) {
      const std::string& name = grid_.header()[c];
      const auto& read = grid_.selected();
      const auto given = config_.columns.find(name);
      const bool is_meant = (given != config_.columns.end() && given->second == "ignore") ||
                            name == config_.group || name == config_.order ||
                            std::count(labels_.begin(), labels_.end(), name) > 0;
      const bool is_read = std::count(read.begin(), read.end(), static_cast<int64_t>(c)) > 0;
      if (!is_meant && !is_read) unread.push_back("'" + name + "'");
    }
    if (unread.empty()) return;
    warnings.push_back(fmt::format(
        "{} {} none of the network's columns and count{} for nothing; data.columns: ignore says "
        "that {} meant",
        name_first(unread, 5), unread.size() == 1 ? "is" : "are", unread.size() == 1 ? "s" : "",
        unread.size() == 1 ? "it is" : "they are"));
  }

  void guess_format(std::vector<std::string>& warnings) {
    std::vector<CellColumn> columns;
    const auto add = [&](int64_t column) {
      columns.push_back({.name = grid_.header()[column],
                         .rows = grid_.rows(),
                         .at = [this, column](int64_t row) { return grid_.cell(row, column); },
                         .next_odd =
                             [this, column](int64_t row, bool points) {
                               return grid_.next_odd(row, column, points);
                             }});
    };
    for (size_t c = 0; c < types_.size(); ++c) {
      if (types_[c].empty() || types_[c] == "numeric") add(grid_.find(grid_.selected_name(c)));
    }
    if (task_of(config_) == TaskKind::kRegression) {
      for (const int64_t column : label_columns_) add(column);
    }
    const NumberGuess guess = guess_numbers(columns, format_);
    format_ = guess.format;
    if (!guess.note.empty()) warnings.push_back(guess.note);
  }

  // Of numbers to predict: that of the first row.
  void find_signs() {
    for (const int64_t column : label_columns_) {
      label_signs_.emplace_back(grid_.rows() > 0 ? sign_of(grid_.text(0, column)) : "");
    }
  }

  bool holds_numbers_alone(size_t column) const {
    const std::string& type = types_[column];
    if (!type.empty()) return type != "categorical" && type != "text";
    DateOrders dates;
    bool numbers = true;
    for (int64_t row = 0; row < grid_.rows(); ++row) {
      const Cell cell = grid_.at(row, static_cast<int64_t>(column));
      if (is_missing_number(cell, format_)) continue;
      dates.add(cell);
      numbers = numbers && parse_number(cell, format_, sign_of(cell));
    }
    return numbers || !dates.left().empty();
  }

  void drop_rows(std::vector<std::string>& warnings) {
    const int64_t before = grid_.rows();
    std::vector<bool> numeric;
    for (size_t c = 0; c < types_.size(); ++c) numeric.push_back(holds_numbers_alone(c));
    grid_.keep_rows([&](int64_t row) {
      for (size_t c = 0; c < types_.size(); ++c) {
        const Cell cell = grid_.at(row, static_cast<int64_t>(c));
        if (is_missing(cell, format_)) return false;
        if (numeric[c] && is_missing_number(cell, format_)) return false;
      }
      return true;
    });
    if (grid_.rows() == before) return;
    warnings.push_back(fmt::format("{}: dropped {} of {} rows with missing values", split_,
                                   before - grid_.rows(), before));
  }

  void drop_unlabelled(std::vector<std::string>& warnings) {
    const int64_t before = grid_.rows();
    grid_.keep_rows([&](int64_t row) {
      return std::none_of(label_columns_.begin(), label_columns_.end(),
                          [&](int64_t column) { return is_no_label(grid_.text(row, column)); });
    });
    if (grid_.rows() == before) return;
    warnings.push_back(fmt::format("{}: dropped {} of {} rows without a label", split_,
                                   before - grid_.rows(), before));
  }

  void note_unknown(const UnknownValues& unknown, std::vector<std::string>& warnings) const {
    if (config_.unknown == "error") {
      throw_input(unknown.first_place,
                  fmt::format("'{}' in column '{}' is a category that training did not have",
                              unknown.first, unknown.column),
                  "known categories", "correct it, or set data.unknown: warn");
    }
    warnings.push_back(split_ + ": " + to_text(unknown));
  }

  // "None" and "-" may be classes, but no numbers.
  bool is_no_label(std::string_view cell) const {
    return task_of(config_) == TaskKind::kClassification ? is_missing(cell, format_)
                                                         : is_missing_number(cell, format_);
  }

  std::string_view label_cell(int64_t row, size_t which) const {
    const std::string_view cell = grid_.text(row, label_columns_[which]);
    if (is_no_label(cell)) {
      throw_input(grid_.cell_place(row, label_columns_[which]),
                  fmt::format("the label '{}' is missing", labels_[which]), "a value",
                  "fill it in, remove the row, or set data.missing_label: drop");
    }
    return cell;
  }

  std::vector<std::string> class_labels() const {
    std::set<std::string_view> values;
    for (int64_t row = 0; row < grid_.rows(); ++row) values.insert(label_cell(row, 0));
    if (values.size() < 2) {
      throw_input(grid_.file(),
                  fmt::format("all {} rows have the label '{}'", grid_.rows(), *values.begin()),
                  "at least 2 labels", "check data.label");
    }
    return sorted_labels(values);
  }

  // "True" and "true", "1" and "1.0" are one category among inputs, but labels are as they stand.
  static void tell_alike_labels(const TaskSpec& task, std::vector<std::string>& told) {
    if (task.kind != TaskKind::kClassification) return;
    std::map<std::string, std::string> known;
    for (const std::string& label : task.labels) {
      const auto& [place, is_new] = known.emplace(category_key(label), label);
      if (is_new) continue;
      told.push_back(fmt::format(
          "the labels '{}' and '{}' count as two classes; if they mean the same, write them alike",
          place->second, label));
    }
  }

  static at::ScalarType target_type(const TaskSpec& task) {
    if (task.kind == TaskKind::kClassification) return at::kLong;
    return task.needs_float64() ? at::kDouble : at::kFloat;
  }

  // int64 [R] of a classification, else float64 [R, T].
  at::Tensor targets(const TaskSpec& task) const {
    const int64_t rows = grid_.rows();
    if (task.kind == TaskKind::kClassification) {
      const LabelIndex known(task.labels);
      at::Tensor out = at::empty({rows}, at::kLong);
      for (int64_t row = 0; row < rows; ++row) {
        out.mutable_data_ptr<int64_t>()[row] =
            known.at(label_cell(row, 0), [&] { return grid_.cell_place(row, label_columns_[0]); });
      }
      return out;
    }
    const auto width = static_cast<int64_t>(label_columns_.size());
    at::Tensor out = at::empty({rows, width}, at::kDouble);
    auto* to = out.mutable_data_ptr<double>();
    for (int64_t row = 0; row < rows; ++row) {
      for (size_t c = 0; c < label_columns_.size(); ++c) *to++ = target_number(task.kind, row, c);
    }
    return out;
  }

  double target_number(TaskKind kind, int64_t row, size_t which) const {
    const std::string_view cell = label_cell(row, which);
    if (kind == TaskKind::kMultiLabel) {
      if (cell == "1" || cell == "true" || cell == "True" || cell == "yes") return 1;
      if (cell == "0" || cell == "false" || cell == "False" || cell == "no") return 0;
    } else if (const auto number = parse_number(cell, format_, label_signs_[which])) {
      if (std::isfinite(static_cast<float>(*number))) return *number;
    }
    throw_input(grid_.cell_place(row, label_columns_[which]),
                fmt::format("'{}' in label column '{}'", cell, labels_[which]),
                kind == TaskKind::kMultiLabel ? "0 or 1" : "a finite number",
                "correct it, or check data.task and data.label");
  }

  const DataConfig config_;
  TableFormat format_;
  const std::vector<std::string> labels_;
  CsvGrid grid_;
  std::string split_;
  std::vector<int64_t> label_columns_;  // of the file
  std::vector<std::string> types_;      // of the selected columns; "" = by their values
  std::vector<std::string> label_signs_;
};

// A column that the file names otherwise, and that is used.
void tell_renamed(const CsvTable& table, const SourceRequest& request) {
  if (!request.config.header || table.rows() == 0) return;
  const std::vector<std::string> names = column_names(table, true);
  for (size_t c = 0; c < names.size(); ++c) {
    const auto given = table.at(0, static_cast<int64_t>(c));
    const auto type = request.config.columns.find(names[c]);
    const bool ignored = type != request.config.columns.end() && type->second == "ignore";
    if (given == names[c] || ignored) continue;
    request.warnings.push_back(fmt::format(
        "{}: {}, and the column is called '{}'", table.place(0, static_cast<int64_t>(c)),
        given.empty() ? std::string("there is no name")
                      : fmt::format("the name '{}' is another column's, too", given),
        names[c]));
  }
}

}  // namespace

std::unique_ptr<Source> open_csv_source(const SourceRequest& request) {
  const DataConfig& config = request.config;
  CsvGrid::Options options{.has_header = config.header};
  for (const std::string& label : config.label_columns()) options.texts.insert(label);
  options.texts.insert({config.group, config.order});
  const std::string& path = request.where.path.path;
  return std::make_unique<CsvSource>(
      request, read_csv_file(path, config.table_format(), options, [&](const CsvTable& table) {
        if (request.known == nullptr) tell_renamed(table, request);
      }));
}

}  // namespace maas
