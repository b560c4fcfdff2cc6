// One evaluation: a program over a data set, its predictions and how good they are
#pragma once

#include <optional>
#include <set>
#include <string>

#include "data/dataset.h"
#include "evaluate/eval_config.h"
#include "evaluate/metrics.h"
#include "evaluate/predict_all.h"
#include "program/last_squash.h"
#include "program/program.h"

namespace maas {

// How logits of the task become probabilities; nullopt for a regression.
std::optional<Squash> squash_of(TaskKind task);

// The program whose first output is what losses and metrics take: the logits, also of a network
// that ends in their softmax, its logarithm, or for several labels a sigmoid.
Program scored_program(Program program, TaskKind task);

// What the first output of a network for the task is (program/last_squash.h).
OutputForm output_form_of(const Program& program, TaskKind task);

// A sentence for the user where scored_program() changes the program; else "".
std::string scored_note(const Program& program, TaskKind task);

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

// Lowers scored_program() for batches of config.batch_size rows, runs it over `dataset` and
// computes metrics_to_compute(). Throws what Plan::compile, predict_all and compute_metrics throw.
Evaluation evaluate(const Program& program, const Dataset& dataset, const TaskSpec& task,
                    const EvalConfig& config, const EvaluateOptions& options = {});

}  // namespace maas
