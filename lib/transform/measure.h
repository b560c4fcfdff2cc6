// One side of a comparison: how large, how quick and how good a program is
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "data/dataset.h"
#include "evaluate/eval_config.h"
#include "evaluate/evaluate.h"
#include "program/program.h"

namespace maas {

struct Interval {
  double low = 0, high = 0;
};

struct Latency {
  double p50_ms = 0, p90_ms = 0;
};

struct Measured {
  int64_t parameters = 0;  // numbers that are learnt or stored in their place: int8 weights count
  int64_t bytes = 0;       // of the model's file; of the weights where there is no file
  int64_t macs = 0;        // multiply-accumulates a sample (program/summary.h)
  std::map<std::string, double> metrics;  // empty without data
  std::optional<Interval> interval;       // 95 %, of the judged metric
  int64_t samples = 0;                    // that the metrics are from
  std::map<int64_t, Latency> latency;     // by batch size, one thread
};

// Held-out rows to judge by, in this order: test, validation, training.
struct HeldOut {
  std::shared_ptr<const Dataset> rows;  // null = no data
  std::string split;                    // "test", "validation", "train"
};

struct MeasureJob {
  HeldOut held_out;
  TaskSpec task;
  EvalConfig eval;
  std::string metric;  // the judged one; "" without data
  std::vector<int64_t> batches = {
      1, 64};            // to time; those that the program does not admit are left out
  double seconds = 0.3;  // of timing a batch size
};

// The metric counts rows: accuracy, top_K of classes.
bool is_share_of_rows(const std::string& metric);

// Sizes and metrics of `program`; `predictions`, when given, gets what it answered for the rows.
// `bytes` is left at the weights' sum. No timing: see time_both(). Throws what evaluate() throws.
Measured measure(const Program& program, const MeasureJob& job, Predictions* predictions = nullptr);

// Times both at one thread, in turns and best of several, so that a busy machine slows both.
void time_both(const Program& before, const Program& after, const MeasureJob& job,
               Measured& before_figures, Measured& after_figures);

// 95 % interval of a metric: Wilson's for shares of right answers (accuracy, top_k; Wilson 1927),
// else the percentile bootstrap of 200 resamples (Efron 1979) with a fixed seed.
Interval metric_interval(const std::string& metric, const Predictions& predictions);

// Of rows with the same answer in both, each by its own thresholds (Predictions::thresholds), of
// several labels each by itself; of regression outputs: 1 - mean |difference| / (mean |deviation
// from the mean|), at least 0. Targets do not matter.
double agreement(const Predictions& before, const Predictions& after);

}  // namespace maas
