// Thresholds by which rare labels are answered as often as they should
#pragma once

#include <string>
#include <vector>

#include "evaluate/metrics.h"

namespace maas {

// One a label (TaskSpec::thresholds) by which `metric` of these predictions is highest: of a
// classification macro_f1, balanced_accuracy, mcc or accuracy, of several labels the f1 of each
// label by itself, whatever `metric` says. Every threshold between two scores is tried, of many
// rows 1000; of more than two classes one after the other until none gains, from three starts: that
// need not be the very highest. The middle of equally good ones. A label of untunable_labels()
// stays as it were without thresholds; of a classification whose rows are all of one class the
// result is empty. Best for predictions of rows that the
// network has not learnt from. Thresholds that `predictions` have are not heeded. O(N K^2) time,
// and O(N K log N) where there are more than two. Throws Error{kInput} as compute_metrics(), and
// when no row has an answer.
std::vector<double> tune_thresholds(const Predictions& predictions, const std::string& metric);

// Labels that no row has, or of several labels all or none: nothing tells their thresholds.
std::vector<std::string> untunable_labels(const Predictions& predictions);

// The first of `metrics` that tune_thresholds() can raise; "balanced_accuracy" where there is none.
std::string metric_to_tune(const std::vector<std::string>& metrics);

}  // namespace maas
