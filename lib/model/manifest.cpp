// The manifest as JSON, in the archive's record extra/maas/manifest.json.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <simdjson.h>

#include "base/json_writer.h"
#include "base/throw_error.h"
#include "model/model.h"
#include "tensor/json_view.h"

namespace maas {
namespace {

constexpr int64_t kFormat = 4, kOldestFormat = 1;

// The oldest that says all of it: what ignored the thresholds would give other answers, and what
// knows no text has no input for it.
int64_t format_of(const Manifest& manifest) {
  if (!manifest.data) return 2;
  if (manifest.data->input.has_text()) return 4;
  return manifest.data->task.thresholds.empty() ? 2 : 3;
}

void write_numbers(JsonWriter& json, const char* key, const std::vector<double>& numbers) {
  json.key(key).begin_array();
  for (const double number : numbers) json.value(number);
  json.end_array();
}

void write_texts(JsonWriter& json, const char* key, const std::vector<std::string>& texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.value(text);
  json.end_array();
}

void write_format(JsonWriter& json, const TableFormat& format) {
  json.key("format").begin_object().field("delimiter", format.delimiter);
  json.field("header", format.header).field("decimal", format.decimal);
  json.field("thousands", format.thousands).field("encoding", format.encoding);
  write_texts(json, "missing_values", format.missing_values);
  json.end_object();
}

void write_date(JsonWriter& json, const ColumnSpec& column) {
  if (!column.date) return;
  json.field("date", to_text(*column.date)).key("date_parts").begin_array();
  for (const NumericFeature& part : column.date_parts) {
    json.begin_object().field("name", part.name);
    json.field("mean", part.mean).field("std", part.std_dev).end_object();
  }
  json.end_array();
}

void write_input(JsonWriter& json, const InputSpec& input) {
  json.key("input").begin_object().field("kind", to_text(input.kind));
  if (input.kind == InputKind::kImage) {
    json.field("channels", input.channels).field("height", input.height);
    json.field("width", input.width).field("resize_to_fit", input.resize_to_fit);
    write_numbers(json, "mean", input.mean);
    write_numbers(json, "std", input.std_dev);
  } else {
    json.field("missing", input.missing);
    if (input.float64) json.field("float64", true);
    write_format(json, input.format);
    if (input.has_text()) {
      json.key("text").begin_object().field("buckets", input.text.buckets);
      json.field("pieces", input.text.pieces).end_object();
    }
    json.key("columns").begin_array();
    for (const ColumnSpec& column : input.columns) {
      json.begin_object().field("name", column.name).field("categorical", column.is_categorical());
      if (column.is_text()) json.field("text", true);
      json.field("mean", column.mean).field("std", column.std_dev);
      write_texts(json, "categories", column.categories);
      if (!column.rare.empty()) write_texts(json, "rare", column.rare);
      if (!column.sign.empty()) json.field("sign", column.sign);
      write_date(json, column);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object();
}

void write_scales(JsonWriter& json, const std::vector<TargetScale>& scales) {
  if (scales.empty()) return;
  json.key("scales").begin_array();
  for (const TargetScale& scale : scales) {
    json.begin_object().field("mean", scale.mean).field("std", scale.std_dev).end_object();
  }
  json.end_array();
}

std::vector<double> read_numbers(const JsonView& json) {
  std::vector<double> numbers;
  for (const JsonView& item : json.items()) numbers.push_back(item.number());
  return numbers;
}

std::vector<std::string> read_texts(const JsonView& json) {
  std::vector<std::string> texts;
  for (const JsonView& item : json.items()) texts.push_back(item.text());
  return texts;
}

[[noreturn]] void refuse(const std::string& where, const std::string& what,
                         const std::string& expected) {
  throw_input(where, what, expected, "use a maas of the version that wrote the model");
}

void check_std(double std_dev, const std::string& where) {
  if (std_dev > 0) return;
  refuse(where, fmt::format("a std of {}", std_dev), "above 0");
}

// Format 1 has `deviation`.
JsonView std_of(const JsonView& json) {
  return json.has("deviation") ? json.at("deviation") : json.at("std");
}

double read_std(const JsonView& json, const std::string& where) {
  const double std_dev = std_of(json).number();
  check_std(std_dev, where);
  return std_dev;
}

TableFormat read_format(const JsonView& json, const std::string& where) {
  TableFormat format = {.delimiter = json.at("delimiter").text(),
                        .header = json.at("header").flag(),
                        .decimal = json.at("decimal").text(),
                        .thousands = json.at("thousands").text(),
                        .encoding = json.at("encoding").text(),
                        .missing_values = read_texts(json.at("missing_values"))};
  if (format.delimiter.size() != 1 || format.decimal.size() != 1 || format.thousands.size() > 1) {
    refuse(where,
           fmt::format("'{}', '{}', '{}' for delimiter, decimal and thousands", format.delimiter,
                       format.decimal, format.thousands),
           "one character each");
  }
  for (const char* known : {"utf-8", "latin-1", "windows-1252"}) {
    if (format.encoding == known) return format;
  }
  refuse(where, fmt::format("the encoding '{}'", format.encoding), "utf-8, latin-1, windows-1252");
}

void read_date(const JsonView& json, ColumnSpec& column, const std::string& where) {
  const std::string order = json.at("date").text();
  column.date = date_order_of(order);
  if (!column.date || column.type != ColumnType::kNumeric) {
    refuse(where, fmt::format("a column of dates '{}'", order),
           "year_first, day_first or month_first, of a column without categories or text");
  }
  for (const JsonView& item : json.at("date_parts").items()) {
    column.date_parts.push_back(
        {item.at("name").text(), item.at("mean").number(), read_std(item, where)});
    if (date_part(column.date_parts.back().name) != nullptr) continue;
    refuse(where, fmt::format("'{}' of a date", column.date_parts.back().name),
           fmt::format("{}", fmt::join(date_part_names(), ", ")));
  }
}

TextForm read_text(const JsonView& json, const std::string& where) {
  const TextForm text = {.buckets = json.at("buckets").integer(),
                         .pieces = json.at("pieces").integer()};
  if (text.buckets < 1 || text.buckets > kMostTextBuckets || text.pieces < 1 ||
      text.pieces > kMostTextPieces) {
    refuse(where, fmt::format("text of {} pieces in {} buckets", text.pieces, text.buckets),
           fmt::format("1 to {} in 1 to {}", kMostTextPieces, kMostTextBuckets));
  }
  return text;
}

ColumnSpec read_column(const JsonView& json, const std::string& where) {
  ColumnSpec column;
  column.name = json.at("name").text();
  if (json.at("categorical").flag()) column.type = ColumnType::kCategorical;
  if (json.has("text") && json.at("text").flag()) column.type = ColumnType::kText;
  column.mean = json.at("mean").number();
  column.std_dev = read_std(json, where);
  column.categories = read_texts(json.at("categories"));
  if (json.has("rare")) column.rare = read_texts(json.at("rare"));
  if (json.has("sign")) column.sign = json.at("sign").text();
  if (json.has("date")) read_date(json, column, where);
  return column;
}

InputSpec read_input(const JsonView& json, const std::string& where) {
  InputSpec input;
  const std::string kind = json.at("kind").text();
  if (kind == to_text(InputKind::kImage)) {
    input.channels = json.at("channels").integer();
    input.height = json.at("height").integer();
    input.width = json.at("width").integer();
    input.resize_to_fit = json.at("resize_to_fit").flag();
    input.mean = read_numbers(json.at("mean"));
    input.std_dev = read_numbers(std_of(json));
    for (const double std_dev : input.std_dev) check_std(std_dev, where);
    for (const int64_t size : {input.channels, input.height, input.width}) {
      if (size < 1 || size > 65536) {
        refuse(where, fmt::format("an image size of {}", size), "1 to 65536");
      }
    }
  } else if (kind == to_text(InputKind::kTable)) {
    input.kind = InputKind::kTable;
    input.missing = json.at("missing").text();
    if (input.missing != "error" && input.missing != "mean") {
      refuse(where, fmt::format("'{}' for missing values", input.missing), "error or mean");
    }
    if (json.has("format")) input.format = read_format(json.at("format"), where);
    input.float64 = json.has("float64") && json.at("float64").flag();
    if (json.has("text")) input.text = read_text(json.at("text"), where);
    bool any_text = false;
    for (const JsonView& item : json.at("columns").items()) {
      input.columns.push_back(read_column(item, where));
      any_text = any_text || input.columns.back().is_text();
    }
    if (any_text != input.has_text()) {
      refuse(where, any_text ? "columns of text of no form" : "a form of text without a column",
             "both or neither");
    }
  } else {
    refuse(where, fmt::format("input kind '{}'", kind), "image or table");
  }
  return input;
}

TaskKind task_kind(const std::string& text, const std::string& where) {
  for (const TaskKind kind :
       {TaskKind::kClassification, TaskKind::kMultiLabel, TaskKind::kRegression}) {
    if (text == to_text(kind)) return kind;
  }
  refuse(where, fmt::format("task '{}'", text), "classification, multi_label or regression");
}

void read_thresholds(const JsonView& json, TaskSpec& task, const std::string& where) {
  task.thresholds = read_numbers(json);
  const size_t wanted = task.kind == TaskKind::kRegression ? 0 : task.labels.size();
  if (task.thresholds.size() != wanted) {
    refuse(where, fmt::format("thresholds of {} labels", task.thresholds.size()),
           fmt::format("{}, as the {} task has", wanted, to_text(task.kind)));
  }
  for (const double threshold : task.thresholds) {
    if (threshold > 0 && threshold < 1) continue;
    refuse(where, fmt::format("a threshold of {}", threshold), "between 0 and 1");
  }
}

TaskSpec read_task(const JsonView& json, const std::string& where) {
  TaskSpec task;
  task.kind = task_kind(json.at("kind").text(), where);
  task.labels = read_texts(json.at("labels"));
  if (json.has("thresholds")) read_thresholds(json.at("thresholds"), task, where);
  if (!json.has("scales")) return task;
  for (const JsonView& item : json.at("scales").items()) {
    task.scales.push_back({item.at("mean").number(), read_std(item, where)});
  }
  const size_t wanted = task.kind == TaskKind::kRegression ? task.labels.size() : 0;
  if (task.scales.size() != wanted) {
    refuse(where, fmt::format("scales of {} targets", task.scales.size()),
           fmt::format("{}, as the {} task has", wanted, to_text(task.kind)));
  }
  return task;
}

}  // namespace

std::string manifest_to_json(const Manifest& manifest) {
  JsonWriter json;
  json.begin_object().field("format", format_of(manifest)).field("name", manifest.name);
  if (manifest.data) {
    json.key("data").begin_object();
    write_input(json, manifest.data->input);
    json.key("task").begin_object().field("kind", to_text(manifest.data->task.kind));
    write_texts(json, "labels", manifest.data->task.labels);
    write_scales(json, manifest.data->task.scales);
    if (const auto& thresholds = manifest.data->task.thresholds; !thresholds.empty()) {
      write_numbers(json, "thresholds", thresholds);
    }
    json.end_object().end_object();
  }
  json.key("metrics").begin_object();
  for (const auto& [name, value] : manifest.metrics) json.field(name, value);
  json.end_object().field("resolved_config", manifest.resolved_config);
  if (!manifest.config_folder.empty()) json.field("config_folder", manifest.config_folder);
  json.key("lineage");
  write_lineage(json, manifest.lineage);
  json.end_object();
  return json.take();
}

Manifest manifest_from_json(std::string_view text, const std::string& where) {
  simdjson::dom::parser parser;
  const JsonView json = parse_json(parser, text, where);
  Manifest manifest;
  manifest.format = json.at("format").integer();
  if (manifest.format < kOldestFormat || manifest.format > kFormat) {
    refuse(where, fmt::format("manifest format {}", manifest.format),
           fmt::format("{} to {}", kOldestFormat, kFormat));
  }
  manifest.name = json.at("name").text();
  if (json.has("data")) {
    const JsonView data = json.at("data");
    manifest.data.emplace();
    manifest.data->input = read_input(data.at("input"), where);
    manifest.data->task = read_task(data.at("task"), where);
  }
  for (const auto& [name, value] : json.at("metrics").members()) {
    if (!value.is_null()) manifest.metrics[std::string(name)] = value.number();
  }
  manifest.resolved_config = json.at("resolved_config").text();
  if (json.has("config_folder")) manifest.config_folder = json.at("config_folder").text();
  if (std::filesystem::path(manifest.config_folder).is_absolute()) {
    refuse(where, fmt::format("config_folder '{}'", manifest.config_folder), "a relative path");
  }
  manifest.lineage = read_lineage(json.at("lineage"), manifest.format);
  return manifest;
}

}  // namespace maas
