// What a network has to beat on its table: the commonest answer, and a linear model.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "evaluate/metrics.h"
#include "train/fold_rows.h"

namespace maas {

struct Baseline {
  std::string name;  // "most frequent class", "mean", "naive Bayes", "logistic regression", ...
  Metrics metrics;   // on the held-out rows
  std::string note;  // "learnt from a sample of 20000 rows"; "" = from all training rows
};

struct BaselineSplits {
  const Dataset& train;
  const Dataset& held_out;
  // Where `held_out` is the rows of `train` that validate in folds: each is answered by models of
  // what its fold's network learns from.
  std::optional<FoldRows> folds = {};
};

// Of tables; empty for images. The first answers what is most frequent (its probabilities are the
// classes' shares) or the mean; the second is scikit-learn's default: logistic regression with an
// L2 penalty of |w|^2 / 2 beside the sum of the losses (C = 1), by L-BFGS (Nocedal and Wright 2006,
// algorithm 7.4) of at most 200 steps, or a ridge regression with alpha = 1, in closed form; on
// standardised numbers and categories as 0 and 1, without columns of text; for these there is naive
// Bayes (naive_bayes.h) where classes are told apart. All learn from at most 20000 rows, fewer
// where columns and outputs are many, spread evenly over the training rows. Deterministic; some
// seconds at most. Throws what compute_metrics() throws.
std::vector<Baseline> table_baselines(const BaselineSplits& splits,
                                      const std::vector<std::string>& metrics);

}  // namespace maas
