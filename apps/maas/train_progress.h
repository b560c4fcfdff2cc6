// What a training run shows while it runs, the live line, and what it writes down (RunLog).
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "output.h"
#include "record/append_file.h"
#include "record/run_folder.h"
#include "record/run_log.h"
#include "train/fit.h"

namespace maas {

class TrainProgress {
 public:
  TrainProgress(const Output& output, const RunFolder& folder, int64_t log_every,
                std::vector<std::string> metrics);
  // A part of every live line: what of the network learns, say; "" = none.
  void set_words(std::string words) { words_ = std::move(words); }
  FitWatcher watcher(const std::atomic<int>& signal);
  void finish();                       // ends the live line
  void tell(const std::string& text);  // on a line of its own

  void warn(const std::string& text);  // what was said before is not said again
  // Every warning so far, in order; all are in warnings.txt of the run folder, too.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // Takes over warnings that were shown before the run folder was there.
  void keep(const std::vector<std::string>& warnings);

 private:
  void on_step(const StepNews& news);
  void on_epoch(const EpochNews& news);
  void on_fold(const FoldNews& news);
  void write_down(const std::string& text);
  void end_line();
  void tell_waiting();

  const Output& output_;
  std::filesystem::path warnings_path_;
  std::optional<AppendFile> warnings_file_;  // made at the first warning; none if the disk refuses
  std::vector<std::string> warnings_;
  RunLog log_;
  std::chrono::steady_clock::time_point start_, last_shown_, last_told_;
  int64_t first_step_ = -1, samples_ = 0, epochs_ = 0;
  std::string waiting_;  // the line of the newest best epoch, while it is too early to tell
  double smooth_loss_ = 0;
  std::string last_metric_, words_;
  std::vector<std::string> metrics_;  // in the order in which they are shown
  bool line_open_ = false;
};

}  // namespace maas
