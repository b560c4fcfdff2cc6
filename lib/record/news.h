// What a run that learns tells about its steps and epochs, to whoever shows or records it.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>

namespace maas {

struct StepNews {
  int64_t step = 0, total_steps = 0;  // steps done
  int64_t epoch = 0, epochs = 0;
  double passes = 0;   // over the training data so far, with a fraction
  double seconds = 0;  // of the run so far, over all sessions of a resumed one
  double loss = 0;     // of this batch
  double learning_rate = 0;
  int64_t samples = 0;          // of this batch
  int64_t fold = 0, folds = 0;  // train.folds; the numbers above go through all of them
};
struct EpochNews {
  int64_t epoch = 0, step = 0;
  double passes = 0;
  double run_seconds = 0;  // as StepNews::seconds
  double train_loss = 0;   // mean over the epoch's samples
  double seconds = 0;      // training only, without evaluation
  double learning_rate = 0;
  std::map<std::string, double> validation;  // empty without a validation split
  // What the steps minimise, on the validation rows, the network as it answers (without dropout);
  // NaN where there is none, or the objective is another than a loss of the targets.
  double validation_loss = std::numeric_limits<double>::quiet_NaN();
  // The same metrics on some training rows, which tells what is learnt by heart; empty where that
  // would cost too much, or the rows are too few (train/epoch_evaluation.h).
  std::map<std::string, double> train_sample = {};
  bool best = false;
  int64_t fold = 0, folds = 0;  // as in StepNews
};
// One fold was trained.
struct FoldNews {
  int64_t fold = 0, folds = 0;
  int64_t epochs = 0, best_epoch = 0;
  std::map<std::string, double> validation;  // of the kept weights on the fold
};

}  // namespace maas
