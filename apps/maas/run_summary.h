// What a run folder says of its run, read without its data or weights.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "record/metrics_log.h"

namespace maas {

struct RunSummary {
  std::filesystem::path folder;
  // "running", "finished", "interrupted: ...", "failed: ..."; "stopped: ..." of a run whose process
  // has gone without a word (killed, or the machine went down); "" = none.
  std::string status;
  std::string started;       // ISO 8601, UTC; "" = not known
  double seconds = 0;        // of training, over all sessions
  int64_t steps = 0;         // of the last record
  uint64_t model_bytes = 0;  // of model.pt; 0 = there is none
  // Of model.pt, on the split that its run held out; of a run without a model the best of each on
  // its validation split.
  std::map<std::string, double> metrics;
  std::vector<std::string> metric_names;        // as eval.metrics has them; the first matters
  std::map<std::string, std::string> settings;  // of resolved.yaml, by dotted name
  std::vector<MetricsRow> log;                  // empty when there is none

  bool has_model() const { return model_bytes > 0; }
  // Of what the metrics are: "model.pt", or "validation" where there is none.
  std::string judged() const { return has_model() ? "model.pt" : "validation"; }
  std::string first_metric() const { return metric_names.empty() ? "" : metric_names.front(); }
};

// Throws Error{kInput} where `folder` holds no run, or resolved.yaml is not readable.
RunSummary read_run(const std::filesystem::path& folder);

// The runs in `root`, itself or at most three folders deep, by name; folders that begin with a dot,
// and runs that belong to a run (folds, checkpoints), are left out. `unreadable` gets a line for
// each that cannot be read.
std::vector<RunSummary> runs_below(const std::filesystem::path& root,
                                   std::vector<std::string>& unreadable);

// The settings in which some of the runs that have them differ, with each run's value ("" = it has
// none), without output_dir and name. A setting of one kind of data or network (data.height of
// images, say) is compared between the runs of that kind alone: that others have none is said by
// the setting that decides it (data.type).
struct SettingRow {
  std::string name;
  std::vector<std::string> values;  // one a run
};
std::vector<SettingRow> different_settings(const std::vector<RunSummary>& runs);

}  // namespace maas
