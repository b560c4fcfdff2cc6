// The rows that a trained network is judged by, and how it does there
#pragma once

#include <memory>
#include <string>

#include "evaluate/evaluate.h"
#include "train/fit.h"
#include "train_progress.h"

namespace maas {

struct HeldOutResult {
  DataSpec spec;
  std::shared_ptr<const Dataset> rows;  // of the test split, else validation, else training
  std::string name;                     // of the split
  bool by_folds = false;                // answered by networks that have not learnt from them
  Evaluation found = {};
};

// `spec` has the thresholds of eval.threshold: tune, chosen on validation rows or by the folds. The
// notes of the metrics are warnings of `progress`. Throws what evaluate() and check_outputs()
// (learning_run.h) throw.
HeldOutResult judge_run(const FitJob& job, const FitResult& result, TrainProgress& progress);

}  // namespace maas
