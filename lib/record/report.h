// report.html: what a training run did, on one page that works offline.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "evaluate/confidence_bins.h"
#include "evaluate/metrics.h"
#include "record/bar_chart.h"
#include "record/line_chart.h"
#include "record/metrics_log.h"

namespace maas {

// One line of a chart. Vectors of equal length, in order of steps; NaN = not a number then.
struct ReportSeries {
  std::string metric;  // series of one metric share a chart: "loss"
  std::string split;   // "train", "validation", "test"
  int64_t fold = 0;    // of train.folds, a line each; 0 = there are none
  std::vector<double> steps, epochs, seconds, values;
};

struct ReportFact {
  std::string name, value;
};

struct ReportTiming {
  std::string name;  // "forward and backward", "reading data", "evaluation"
  double seconds = 0;
};

// A row that the model got wrong.
struct ReportExample {
  std::string name;                  // where it came from, as Dataset::name_of says
  at::Tensor image;                  // uint8 [C, H, W], C = 1 or 3; or undefined
  std::string text;                  // instead of an image: the row in words; may be empty
  int64_t truth = 0, predicted = 0;  // class indices
  double probability = 0;            // of the predicted class
  double truth_probability = 0;
  double loss = 0;  // nats
};

// Regression: what was predicted for a row.
struct ReportPoint {
  double truth = 0, predicted = 0;
};

struct ReportCommand {
  std::string text;     // as typed
  std::string purpose;  // what it does, a few words
};

// A section of the page that is a table of texts, for whatever a verb has to show.
struct ReportTable {
  std::string id, title;  // id: letters and dashes, unique on the page
  std::string note = {};  // one or two sentences above the table
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;  // as many cells as columns; numbers align right
};

// Everything on the page. All texts are plain; they are escaped here. Parts that are empty are left
// out.
struct ReportData {
  std::string name;      // of the run
  std::string subtitle;  // one line: "mlp on idx data, seed 1"
  TaskKind task = TaskKind::kClassification;
  std::string evaluated_on;  // "test", "validation": what `metrics` and the examples are from
  Metrics metrics;
  std::map<std::string, std::string> require;  // eval.require
  std::vector<std::string> labels;             // by class index, or names of the targets
  std::vector<LineChart> charts;               // before all other sections
  std::vector<ReportTable> tables;             // before those that follow
  std::vector<BarChart> bars;                  // after them
  std::vector<ReportSeries> curves;
  std::optional<int64_t> best_step;            // where the kept weights come from
  std::vector<ConfidenceBin> confidence_bins;  // classification
  std::vector<ReportExample> examples;         // any order; the page sorts by loss
  std::vector<ReportPoint> points;             // regression, first target
  std::vector<ReportTable> tables_below;       // after all that was measured
  std::vector<ReportFact> headlines;           // beside the metrics: parameters, size, time
  std::vector<ReportFact> data_facts, environment;
  std::vector<ReportTiming> timings;
  std::vector<std::string> model_lines;  // a summary, one layer a line
  std::vector<std::string> warnings;     // one line each
  std::string resolved_yaml;
  std::vector<ReportCommand> commands;  // what to type next
};

inline constexpr int64_t kReportImageSide = 160;  // pixels; larger images are shrunk to it

// The page: UTF-8 HTML with styles, scripts (uPlot, MIT) and images inside; it asks no other file
// or host for anything. Confusion matrices of more than
// 40 classes are shown for the 40 classes with the most mistakes.
std::string report_html(const ReportData& data);

// Series from the rows of a log, one for each metric, split and fold, in order of first appearance.
// A fold's steps, epochs and seconds count from the last row of the fold before it.
std::vector<ReportSeries> report_curves(const std::vector<MetricsRow>& rows);

}  // namespace maas
