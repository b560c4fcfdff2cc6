// Predictions for classes of which some are rare
#pragma once

#include <ATen/ops/tensor.h>

#include <string>
#include <utility>
#include <vector>

#include "evaluate/metrics.h"

namespace maas {

// Logits that are the logarithms of rows of probabilities, so that softmax gives these back.
inline Predictions from_shares(const std::vector<double>& shares,
                               const std::vector<int64_t>& targets) {
  Predictions predictions;
  const auto rows = static_cast<int64_t>(targets.size());
  predictions.outputs = at::tensor(shares, at::kDouble).view({rows, -1}).log();
  predictions.targets = at::tensor(targets, at::kLong);
  for (int64_t k = 0; k < predictions.outputs.size(1); ++k) {
    predictions.labels.push_back("c" + std::to_string(k));
  }
  return predictions;
}

// Two classes: the probability of c1.
inline Predictions of_two(const std::vector<double>& shares, const std::vector<int64_t>& targets) {
  std::vector<double> both;
  for (const double share : shares) both.insert(both.end(), {1 - share, share});
  return from_shares(both, targets);
}

// 60 rows of three classes, 42, 12 and 6 of each.
inline Predictions sixty_rows() {
  std::vector<double> logits;
  std::vector<int64_t> targets;
  for (int i = 0; i < 60; ++i) {
    targets.push_back(i % 10 < 7 ? 0 : i % 10 < 9 ? 1 : 2);
    logits.insert(logits.end(), {i * 7 % 11 / 4.0, i * 5 % 13 / 4.0 - 0.5, i * 3 % 7 / 3.0 - 0.5});
    logits[logits.size() - 3 + static_cast<size_t>(targets.back())] += 1;
  }
  Predictions predictions;
  predictions.outputs = at::tensor(logits, at::kDouble).view({60, 3});
  predictions.targets = at::tensor(targets, at::kLong);
  predictions.labels = {"c0", "c1", "c2"};
  return predictions;
}

inline double metric_of(const Predictions& predictions, const std::string& name) {
  return compute_metrics(predictions, {name}).values.at(name);
}

}  // namespace maas
