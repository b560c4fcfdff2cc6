// Which learning rate a network bears: the loss while the rate rises from step to step
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "train/fit.h"

namespace maas {

struct RateSearchOptions {
  double lowest = 1e-6, highest = 10;  // of the rates tried, above 0
  int64_t steps = 200;
  std::function<bool()> stop_requested = {};  // true: end with what there is
};

struct RateSearch {
  struct Step {
    double rate = 0;
    // The mean over all batches before anything was learnt, and what learning changed of each
    // batch's, smoothed: an exponential mean without its bias, of about 20 steps.
    double loss = 0;
  };
  std::vector<Step> steps;  // until the loss is four times that before, or no number
  // Where the loss falls most steeply over the logarithm of the rate; 0: it never falls.
  double steepest = 0;
  double lowest_loss_at = 0;  // the rate at the lowest loss
  int64_t batch_size = 0;
};

// The range test of Smith (2017, arXiv 1506.01186): trains a copy of the job's network with rates
// that grow by the same factor a step, without schedule; the job is not changed, nothing is
// written. Of train.folds the whole training split. Throws what a step of fit() throws.
RateSearch find_rate(const FitJob& job, const RateSearchOptions& options);

}  // namespace maas
