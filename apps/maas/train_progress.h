// What a training run shows while it runs, and what it writes down: the live line, metrics.jsonl.
#pragma once

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>

#include "output.h"
#include "train/fit.h"
#include "train/run_folder.h"

namespace maas {

class TrainProgress {
 public:
  TrainProgress(const Output& output, const RunFolder& folder);
  FitWatcher watcher(const std::atomic<int>& signal);
  void finish();  // ends the live line

 private:
  void on_step(const StepNews& news);
  void on_epoch(const EpochNews& news);
  void end_line();

  const Output& output_;
  std::ofstream metrics_;
  std::chrono::steady_clock::time_point start_, last_shown_;
  int64_t first_step_ = -1, samples_ = 0;
  double smooth_loss_ = 0;
  std::string last_metric_;
  bool line_open_ = false;
};

}  // namespace maas
