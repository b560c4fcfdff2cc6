// What metrics do not show of single classes
#pragma once

#include <string>
#include <vector>

#include "evaluate/metrics.h"

namespace maas {

// Adds a note where some of the metrics `names` (roc_auc, average_precision, balanced_accuracy)
// leave classes out since no row, or every row, is of them. `metrics` has per_class and samples.
void note_absent_classes(const std::vector<std::string>& names, Metrics& metrics);

// Adds a note for the classes that have less than 0.4 times the rows they would have if all had as
// many, of which less than half of the rows are found and the share of right answers is at least
// 0.2 higher than their recall: the accuracy hides them then.
void note_rare_classes(const Predictions& predictions, Metrics& metrics);

}  // namespace maas
