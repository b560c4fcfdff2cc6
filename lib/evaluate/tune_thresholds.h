// Thresholds by which rare labels are answered as often as they should
#pragma once

#include <string>
#include <vector>

#include "evaluate/metrics.h"

namespace maas {

// One a label (TaskSpec::thresholds) by which `metric` of these predictions is highest: of a
// classification macro_f1, balanced_accuracy, mcc or accuracy, of several labels the f1 of each
// label by itself, whatever `metric` says. Two classes and several labels: every threshold between
// two scores is tried, at most 1000; more classes: one after the other, over factors from 1/16 to
// 16, until none gains. The middle of equally good ones. Best for predictions of rows that the
// network has not learnt from. Thresholds that `predictions` have are not heeded. O(N K^2) time.
// Throws Error{kInput} as compute_metrics(), and when no row has an answer.
std::vector<double> tune_thresholds(const Predictions& predictions, const std::string& metric);

// The first of `metrics` that tune_thresholds() can raise; "balanced_accuracy" where there is none.
std::string metric_to_tune(const std::vector<std::string>& metrics);

}  // namespace maas
