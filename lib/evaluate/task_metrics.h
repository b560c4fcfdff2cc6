// The metrics of each kind of task; metrics.h is the way in and has checked the names.
#pragma once

#include <string>
#include <vector>

#include "evaluate/metrics.h"

namespace maas {

Metrics classification_metrics(const Predictions& predictions,
                               const std::vector<std::string>& names);
Metrics multi_label_metrics(const Predictions& predictions, const std::vector<std::string>& names);
Metrics regression_metrics(const Predictions& predictions, const std::vector<std::string>& names);

// precision, recall and f1 from counts; 0 / 0 = 0.
ClassMetrics class_metrics(std::string label, int64_t hits, int64_t support, int64_t predicted);

// Rows that were answered rightly, from the counts of a classification.
double right_answers(const std::vector<ClassMetrics>& classes);

// Of a classification of `rows` rows: macro_f1, balanced_accuracy, mcc, accuracy and micro_f1.
double metric_of_counts(const std::string& name, const std::vector<ClassMetrics>& classes,
                        int64_t rows);

// Mean of a member over the classes that occur in the truth or the predictions; 0 if none does.
double macro_mean(const std::vector<ClassMetrics>& classes, double ClassMetrics::*member);

}  // namespace maas
