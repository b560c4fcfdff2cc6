#include "record/report_json.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/json_writer.h"
#include "record/report_confusion.h"
#include "record/report_image.h"

namespace maas {
namespace {

constexpr size_t kMostPoints = 4000;  // of a series; a screen has fewer pixels
constexpr size_t kMostPairs = 12;

double rounded(double value) {  // to 6 digits, which keeps the page small
  if (value == 0 || !std::isfinite(value)) return value;
  const double scale = std::pow(10, 5 - std::floor(std::log10(std::abs(value))));
  return std::isfinite(scale) && scale != 0 ? std::round(value * scale) / scale : value;
}

void write_thinned(JsonWriter& json, const char* name, const std::vector<double>& values) {
  json.key(name).begin_array();
  const size_t stride = values.size() / kMostPoints + 1;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i % stride == 0 || i + 1 == values.size()) json.value(rounded(values[i]));
  }
  json.end_array();
}

void write_curves(JsonWriter& json, const ReportData& data) {
  json.key("curves").begin_array();
  for (const ReportSeries& series : data.curves) {
    json.begin_object().field("metric", series.metric).field("split", series.split);
    if (series.fold > 0) json.field("fold", series.fold);
    write_thinned(json, "steps", series.steps);
    write_thinned(json, "epochs", series.epochs);
    write_thinned(json, "seconds", series.seconds);
    write_thinned(json, "values", series.values);
    json.end_object();
  }
  json.end_array().key("higher_is_better").begin_object();
  std::vector<std::string> names;
  for (const ReportSeries& series : data.curves) {
    if (std::find(names.begin(), names.end(), series.metric) != names.end()) continue;
    names.push_back(series.metric);
    json.field(series.metric, higher_is_better(series.metric));
  }
  json.end_object();
}

void write_pairs(JsonWriter& json, const Confusion& table) {
  std::vector<std::array<int64_t, 3>> pairs;  // count, truth, predicted
  for (int64_t r = 0; r < table.classes; ++r) {
    for (int64_t c = 0; c < table.classes; ++c) {
      if (r != c && table.at(r, c) > 0) pairs.push_back({table.at(r, c), r, c});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(), [](auto& a, auto& b) { return a[0] > b[0]; });
  pairs.resize(std::min(pairs.size(), kMostPairs));
  json.key("pairs").begin_array();
  for (const auto& [count, truth, predicted] : pairs) {
    json.begin_array().value(truth).value(predicted).value(count).end_array();
  }
  json.end_array();
}

void write_confusion(JsonWriter& json, const at::Tensor& tensor) {
  const Confusion table = read_confusion(tensor);
  const std::vector<int64_t> classes = shown_classes(table);
  const auto list = [&](const char* name, auto value_of) {
    json.key(name).begin_array();
    for (int64_t k : classes) json.value(value_of(k));
    json.end_array();
  };
  json.key("confusion").begin_object();
  list("classes", [](int64_t k) { return k; });
  list("row_totals", [&](int64_t k) { return table.rows[k]; });
  list("column_totals", [&](int64_t k) { return table.columns[k]; });
  json.key("counts").begin_array();
  for (int64_t r : classes) {
    json.begin_array();
    for (int64_t c : classes) json.value(table.at(r, c));
    json.end_array();
  }
  json.end_array();
  write_pairs(json, table);
  json.end_object();
}

void write_classes(JsonWriter& json, const ReportData& data) {
  json.key("per_class").begin_array();
  for (const ClassMetrics& one : data.metrics.per_class) {
    json.begin_object()
        .field("support", one.support)
        .field("predicted", one.predicted)
        .field("precision", rounded(one.precision))
        .field("recall", rounded(one.recall))
        .field("f1", rounded(one.f1))
        .end_object();
  }
  json.end_array().key("calibration").begin_array();
  for (const ConfidenceBin& bin : data.confidence_bins) {
    json.begin_object()
        .field("lower", rounded(bin.lower))
        .field("upper", rounded(bin.upper))
        .field("count", bin.count)
        .field("confidence", rounded(bin.confidence))
        .field("accuracy", rounded(bin.accuracy))
        .end_object();
  }
  json.end_array();
}

void write_examples(JsonWriter& json, const ReportData& data) {
  json.key("examples").begin_array();
  for (const ReportExample& example : data.examples) {
    json.begin_object().field("name", example.name);
    if (example.image.defined()) {
      json.field("image", image_uri(example.image, kReportImageSide))
          .field("width", example.image.size(2));
    }
    if (!example.text.empty()) json.field("text", example.text);
    json.field("truth", example.truth)
        .field("predicted", example.predicted)
        .field("probability", rounded(example.probability))
        .field("truth_probability", rounded(example.truth_probability))
        .field("loss", rounded(example.loss))
        .end_object();
  }
  json.end_array().key("points").begin_array();
  for (const ReportPoint& point : data.points) {
    if (!std::isfinite(point.truth) || !std::isfinite(point.predicted)) continue;
    json.begin_array().value(rounded(point.truth)).value(rounded(point.predicted)).end_array();
  }
  json.end_array();
}

std::string without_angle(std::string json) {
  for (size_t at = 0; (at = json.find('<', at)) != std::string::npos;) {
    json.replace(at, 1, "\\u003c");
  }
  return json;
}

}  // namespace

std::string report_json(const ReportData& data) {
  JsonWriter json;
  json.begin_object().key("labels").begin_array();
  for (const std::string& label : data.labels) json.value(label);
  json.end_array();
  if (data.best_step) json.field("best_step", *data.best_step);
  write_curves(json, data);
  if (data.metrics.confusion.defined()) write_confusion(json, data.metrics.confusion);
  write_classes(json, data);
  write_examples(json, data);
  json.end_object();
  return without_angle(json.take());
}

}  // namespace maas
