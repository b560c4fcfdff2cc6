// What one pass over the logits of a classifier says about each row; the metrics, the calibration
// and the choice of examples for a report all start from it.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "evaluate/metrics.h"

namespace maas {

struct RowScore {
  int64_t target = 0;
  // By the thresholds where there are some; the first of equally high logits; -1 = none:
  // is_broken()
  int64_t predicted = 0;
  int64_t rank = 0;           // of the target among the logits: 0 = highest; ties by lower index
  double log_normaliser = 0;  // log of the sum of exp(logit)
  double target_log_probability = 0;
  double confidence = 0;  // probability of the predicted class
  double brier = 0;       // sum over classes of (p - y)^2

  bool is_broken() const { return predicted < 0; }  // no probability can be computed
};

// outputs [N, K], targets int64 [N] of a classification task. O(N K) time, O(N) memory.
// Throws Error{kInput} when the shapes disagree or a target is outside [0, K).
std::vector<RowScore> class_scores(const Predictions& predictions);

// The logarithm of p / (1 - p) of each class, [N, K] row-major: ordered as the probabilities,
// without their rounding near 1. Rows with the same probabilities have the same numbers, whatever
// constant their logits differ by and whatever the order of the classes; NaN in broken rows. O(N K
// log K) time.
std::vector<double> log_odds(const Predictions& predictions);

// outputs as double [N, K] on the CPU, contiguous; Error{kInput} when not [N, K] with N rows of
// targets, N > 0, and K = labels (if there are any).
at::Tensor checked_outputs(const Predictions& predictions);

// labels[i], or "i" where labels are not given.
std::string label_of(const Predictions& predictions, int64_t i);

}  // namespace maas
