// report.html of a finished run: what is gathered for it.
#pragma once

#include <string>
#include <vector>

#include "evaluate/metrics.h"
#include "record/report.h"
#include "train/experiment.h"
#include "train/fit.h"

namespace maas {

// What the page is made from; nothing is owned.
struct TrainReport {
  const Experiment& experiment;
  const FitJob& job;
  const FitResult& result;
  const Dataset& held_out;          // what `predictions` are for
  const std::string held_out_name;  // "test", "validation", "train"
  const Predictions& predictions;
  const Metrics& metrics;
  const std::string& resolved_yaml;
  const std::string model_path;
  std::vector<ReportTable> tables = {};  // shown first
  std::vector<BarChart> bars = {};       // after them
};

// A name for a file of what the job learnt from: "new.csv", "picture.png", of a folder of texts
// "new.txt".
std::string example_file(const FitJob& job);

// What to type next with a model of such data: answers for a file, a service, a request.
std::vector<ReportCommand> next_commands(const std::string& model_path, const FitJob& job);

// Reads metrics.jsonl in `folder` for the curves; returns the page.
std::string train_report_html(const TrainReport& report, const std::string& folder);

}  // namespace maas
