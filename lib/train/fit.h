// The training loop: epochs, evaluation, checkpoints, early stopping, resuming.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "data/data_config.h"
#include "data/dataset.h"
#include "evaluate/eval_config.h"
#include "evaluate/metrics.h"
#include "program/program.h"
#include "record/news.h"
#include "train/constraint.h"
#include "train/objective.h"
#include "train/train_config.h"

namespace maas {

class RunFolder;

struct FitJob {
  Program program;                         // eval or train mode, with the starting weights
  std::optional<Objective> objective;      // of `program`; absent = supervised(program, train.loss)
  std::shared_ptr<Constraint> constraint;  // may be null
  DataSplits data;
  DataConfig data_config;
  TrainConfig train;
  EvalConfig eval;
  uint64_t seed = 0;
  // The same network with other starting weights, for train.folds; empty = it has but these.
  std::function<Program(uint64_t seed)> network_of;
  // run_settings(): what a resumed run must share, but for its length (resumed_length.h).
  std::map<std::string, std::string> settings;
  bool resume = false;
  // What was done to a network that existed, and which part of it learns; told before it starts.
  std::vector<std::string> notes;
};

// What the loop calls while it runs, from the training thread.
struct FitWatcher {
  std::function<void(const StepNews&)> on_step;
  std::function<void(const EpochNews&)> on_epoch;
  std::function<void(const FoldNews&)> on_fold;  // train.folds: after each
  std::function<void(const std::string&)> on_warning;
  std::function<void(const std::string&)> on_detail;  // for whoever asks why it is slow
  // Adds numbers of the watcher's own to a checkpoint; a resumed run gets them back.
  std::function<void(std::map<std::string, double>&)> on_save;
  // Once nothing is left that could refuse the job, before its first step.
  std::function<void()> on_start;
  // Before the first step of a resumed run.
  std::function<void(int64_t step, const std::map<std::string, double>&)> on_resume;
  std::function<bool()> stop_requested;  // true: finish the step, save, return
};

struct FitResult {
  // Eval mode: the best by the watched metric, or the last without validation. Of an interrupted
  // run the best so far, if there is one.
  Program program;
  bool has_program() const { return !program.outputs.empty(); }
  int64_t steps = 0, epochs = 0;  // taken, of all folds
  double seconds = 0;
  bool interrupted = false;
  bool stopped_early = false;
  int64_t saved_step = 0;  // of the newest checkpoint; 0 = none
  int64_t best_step = 0;
  std::map<std::string, double> validation;  // of the returned program
  // train.folds: each training row as the network answers that has not learnt from it; of an
  // interrupted run those of the folds so far.
  std::optional<Predictions> out_of_fold;
  at::Tensor out_of_fold_rows;  // int64, which training rows those are; undefined = all, in order
};

// Throws Error: kDiverged (naming step, loss, the batch's samples, and what to try; all samples are
// in diverged.json), also for weights that are not finite at the end of an epoch: such weights are
// never saved; kInput for too few samples, for data that changed while training or since the
// checkpoint; kUsage when resumed with other settings. A checkpoint that cannot be written is a
// warning and is tried again at the next interval. What the data set throws while it loads ends
// the run with that error.
FitResult fit(const FitJob& job, const RunFolder& run, const FitWatcher& watcher);

}  // namespace maas
