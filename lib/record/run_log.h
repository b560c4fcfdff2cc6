// What a run writes down while it trains: metrics.jsonl and a TensorBoard event file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "record/event_file.h"
#include "record/metrics_log.h"
#include "record/news.h"

namespace maas {

// A row of split "train" every `every` steps, with the mean loss since the last one and the
// learning rate; a row of split "validation" after each evaluation. Files are opened at the first
// news, and cut back to where a resumed run goes on. A file that cannot be written is a warning,
// and what it misses is counted: training matters more than its log. Not for several threads at
// once.
class RunLog {
 public:
  using Warn = std::function<void(const std::string&)>;
  RunLog(std::filesystem::path folder, int64_t every, Warn warn);
  ~RunLog();

  // What on_resume() wants back, so that the first row after a resume has the mean loss that it
  // would have had.
  void on_save(std::map<std::string, double>& numbers) const;
  void on_resume(int64_t step, const std::map<std::string, double>& numbers);
  void on_step(const StepNews& news);
  void on_epoch(const EpochNews& news);

  // Flushes. Lines and points that could not be written, also for want of a file, are a warning
  // with their numbers. Once.
  void finish();

 private:
  void open(std::optional<int64_t> resumed_after);
  void write(const MetricsRow& row);

  std::filesystem::path folder_;
  int64_t every_;
  Warn warn_;
  bool is_open_ = false, is_finished_ = false;
  std::optional<MetricsLog> metrics_;
  std::optional<EventFile> events_;
  double loss_sum_ = 0;
  int64_t loss_steps_ = 0;
  int64_t fold_ = 0;  // of the last step
  int64_t lines_without_file_ = 0, points_without_file_ = 0;
};

}  // namespace maas
