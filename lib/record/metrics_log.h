// metrics.jsonl: one JSON object a line, in the order in which things were measured.
//   {"step":500,"epoch":0.59,"time":3.2,"split":"train","loss":0.21,"learning_rate":0.001}
// A value that is not a number (NaN, infinity) is null. Rows of a fold have "fold":1, 2, ... behind
// the split; their steps, epochs and times go through all folds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "record/append_file.h"

namespace maas {

struct MetricsRow {
  int64_t step = 0;    // optimizer steps done when it was measured
  double epoch = 0;    // passes over the training data, with a fraction
  double seconds = 0;  // of training so far, over all sessions of a resumed run; "time" in the file
  std::string split;   // "train", "validation", "test"
  std::vector<std::pair<std::string, double>> values;  // name and value, in order of writing
  int64_t fold = 0;                                    // of train.folds; 0 = there are none
};

// Appends to the file. Not for use by several threads at once.
class MetricsLog {
 public:
  // Starts an empty file; Error{kResources} when it cannot be made.
  static MetricsLog create(const std::filesystem::path& path);

  // Continues a file after `step`: keeps the lines up to and including that step, drops later ones
  // and what is not a whole line (a crash in the middle of one), atomically; a missing file is
  // begun. So the file reads as if the run had never been interrupted. Throws Error{kResources}.
  static MetricsLog resume(const std::filesystem::path& path, int64_t step);

  // Writes one line at once, so that `tail -f` shows it. A failed write (a full disk) loses the row
  // and throws nothing; the file is cut back to its last whole line.
  void append(const MetricsRow& row);

  int64_t lost() const { return lost_; }  // rows that could not be written, so far

 private:
  explicit MetricsLog(AppendFile file) : file_(std::move(file)) {}
  AppendFile file_;
  int64_t lost_ = 0;
};

// One line, with its newline.
std::string to_json_line(const MetricsRow& row);

// The rows of a file, in order; lines that are not rows are skipped. Error{kInput} when missing.
std::vector<MetricsRow> read_metrics_log(const std::filesystem::path& path);

}  // namespace maas
