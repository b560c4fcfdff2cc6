#include "record/metrics_log.h"

#include <simdjson.h>

#include <limits>
#include <optional>
#include <string_view>

#include "base/files.h"
#include "base/json_writer.h"

namespace maas {
namespace {

double number_or_nan(simdjson::dom::element value) {
  double number = 0;
  if (value.get(number) == simdjson::SUCCESS) return number;
  return std::numeric_limits<double>::quiet_NaN();
}

// 0 for what is no number of a fold.
int64_t fold_of(simdjson::dom::element value) {
  int64_t fold = 0;
  return value.get(fold) == simdjson::SUCCESS && fold > 0 ? fold : 0;
}

// Nothing when the line is not a row.
std::optional<MetricsRow> read_row(simdjson::dom::parser& parser, std::string_view line) {
  simdjson::dom::object object;
  MetricsRow row;
  if (parser.parse(line.data(), line.size()).get(object) != simdjson::SUCCESS) return {};
  if (object["step"].get(row.step) != simdjson::SUCCESS) return {};
  for (const auto& [name, value] : object) {
    std::string_view text;
    if (name == "epoch") {
      row.epoch = number_or_nan(value);
    } else if (name == "time") {
      row.seconds = number_or_nan(value);
    } else if (value.get(text) == simdjson::SUCCESS) {
      if (name == "split") row.split = text;
    } else if (name == "fold") {
      row.fold = fold_of(value);
    } else if (name != "step") {
      row.values.emplace_back(name, number_or_nan(value));
    }
  }
  return row;
}

// Calls visit(line, row) for each whole line that is a row.
template <class Visit>
void for_each_row(const std::string& text, Visit visit) {
  simdjson::dom::parser parser;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = text.find('\n', begin);
    if (end == std::string::npos) return;
    const std::string_view line = std::string_view(text).substr(begin, end - begin);
    if (auto row = read_row(parser, line)) visit(line, *std::move(row));
    begin = end + 1;
  }
}

}  // namespace

MetricsLog MetricsLog::create(const std::filesystem::path& path) {
  return MetricsLog(AppendFile(path, OpenAs::kEmptied));
}

MetricsLog MetricsLog::resume(const std::filesystem::path& path, int64_t step) {
  if (!std::filesystem::exists(path)) return create(path);
  std::string kept;
  for_each_row(read_file(path), [&](std::string_view line, const MetricsRow& row) {
    if (row.step <= step) kept.append(line).append("\n");
  });
  write_file_atomically(path, kept);
  return MetricsLog(AppendFile(path, OpenAs::kContinued));
}

void MetricsLog::append(const MetricsRow& row) {
  if (!file_.append(to_json_line(row))) ++lost_;
}

std::string to_json_line(const MetricsRow& row) {
  JsonWriter json;
  json.begin_object()
      .field("step", row.step)
      .field("epoch", row.epoch)
      .field("time", row.seconds)
      .field("split", row.split);
  if (row.fold > 0) json.field("fold", row.fold);
  for (const auto& [name, value] : row.values) json.field(name, value);
  json.end_object();
  return json.take() + "\n";
}

std::vector<MetricsRow> read_metrics_log(const std::filesystem::path& path) {
  std::vector<MetricsRow> rows;
  for_each_row(read_file(path),
               [&](std::string_view, MetricsRow row) { rows.push_back(std::move(row)); });
  return rows;
}

}  // namespace maas
