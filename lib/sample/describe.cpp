#include "sample/describe.h"

#include <fmt/format.h>

#include "base/name_first.h"
#include "sample/read_date.h"

namespace maas {
namespace {

constexpr size_t kShown = 8;

void write_numbers(JsonWriter& json, const std::vector<double>& numbers) {
  json.begin_array();
  for (const double number : numbers) json.value(number);
  json.end_array();
}

void write_texts(JsonWriter& json, const std::vector<std::string>& texts) {
  json.begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_columns(JsonWriter& json, const InputSpec& input) {
  json.key("columns").begin_array();
  for (const ColumnSpec& column : input.columns) {
    json.begin_object().field("name", column.name);
    json.field("type", type_name(column));
    if (column.is_categorical()) {
      write_texts(json.key("categories"), column.categories);
    } else if (column.date) {
      json.field("example", taken_date());
    } else if (!column.is_text()) {
      json.field("mean", column.mean);
    }
    json.end_object();
  }
  json.end_array().field("missing", input.missing);
}

std::string line_of(const ColumnSpec& column) {
  const auto line = [&](const std::string& what) {
    return fmt::format("column  {}: {}", column.name, what);
  };
  if (column.is_text()) return line("text, by its words and their pieces");
  if (column.is_categorical()) {
    return line(fmt::format("{} categories: {}", column.categories.size(),
                            name_first(column.categories, kShown)));
  }
  if (column.date) return line("date, such as " + taken_dates(*column.date));
  const std::string sign = column.sign.empty() ? "" : " " + column.sign;
  return line(fmt::format("number, mean {:.4g}{}, std {:.4g}", column.mean, sign, column.std_dev));
}

std::string image_line(const InputSpec& input) {
  const std::string colour = input.channels == 1   ? "grey"
                             : input.channels == 3 ? "colour"
                                                   : fmt::format("{} channels", input.channels);
  return fmt::format(
      "image   {}x{} (height, width), {}{}", input.height, input.width, colour,
      input.resize_to_fit ? "; other sizes are resized to cover it, and cut at their centre" : "");
}

}  // namespace

std::string threshold_words(const TaskSpec& task) {
  std::vector<std::string> texts;
  for (size_t i = 0; i < task.thresholds.size(); ++i) {
    texts.push_back(fmt::format("{} {:.3g}", task.labels.at(i), task.thresholds[i]));
  }
  return name_first(texts, kShown);
}

void write_description(JsonWriter& json, const DataSpec& data) {
  const InputSpec& input = data.input;
  json.field("kind", to_text(input.kind));
  if (input.kind == InputKind::kImage) {
    json.field("channels", input.channels).field("height", input.height);
    json.field("width", input.width).field("resize_to_fit", input.resize_to_fit);
    write_numbers(json.key("mean"), input.mean);
  } else {
    write_columns(json, input);
  }
  json.field("task", to_text(data.task.kind));
  write_texts(json.key("labels"), data.task.labels);
  if (!data.task.thresholds.empty()) write_numbers(json.key("thresholds"), data.task.thresholds);
}

std::vector<std::string> description_lines(const DataSpec& data) {
  std::vector<std::string> lines;
  if (data.input.kind == InputKind::kImage) {
    lines.push_back(image_line(data.input));
  } else {
    for (const ColumnSpec& column : data.input.columns) lines.push_back(line_of(column));
  }
  const TaskSpec& task = data.task;
  lines.push_back(
      fmt::format("{}  {} of a {}: {}", task.kind == TaskKind::kRegression ? "target" : "label ",
                  task.labels.size(), to_text(task.kind), name_first(task.labels, kShown)));
  if (!task.thresholds.empty()) {
    lines.push_back("answers by thresholds: " + threshold_words(task));
  }
  return lines;
}

}  // namespace maas
