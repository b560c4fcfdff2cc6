// One evaluation: a program over a data set, its predictions and how good they are
#pragma once

#include <set>
#include <string>

#include "data/dataset.h"
#include "evaluate/eval_config.h"
#include "evaluate/metrics.h"
#include "evaluate/predict_all.h"
#include "program/program.h"

namespace maas {

struct Evaluation {
  Predictions predictions;
  Metrics metrics;
};

struct EvaluateOptions {
  std::set<std::string> disabled_passes = {};  // of lowering (run/lower.h)
  PredictProgress progress = {};
};

// What an evaluation computes: eval.metrics, or the task's default ones, and those that
// eval.require names.
std::vector<std::string> metrics_to_compute(const EvalConfig& config, TaskKind task);

// Lowers `program` for batches of config.batch_size rows, runs it over `dataset` and computes
// metrics_to_compute(). Throws what Plan::compile, predict_all and compute_metrics throw.
Evaluation evaluate(const Program& program, const Dataset& dataset, const TaskSpec& task,
                    const EvalConfig& config, const EvaluateOptions& options = {});

}  // namespace maas
