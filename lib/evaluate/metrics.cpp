#include "evaluate/metrics.h"

#include "base/error.h"
#include "evaluate/task_metrics.h"

namespace maas {

Metrics compute_metrics(const Predictions& predictions, const std::vector<std::string>& names) {
  check_metric_names(names, predictions.task, "metrics");
  switch (predictions.task) {
    case TaskKind::kClassification:
      return classification_metrics(predictions, names);
    case TaskKind::kMultiLabel:
      return multi_label_metrics(predictions, names);
    case TaskKind::kRegression:
      return regression_metrics(predictions, names);
  }
  MAAS_CHECK(false);
}

ClassMetrics class_metrics(std::string label, int64_t hits, int64_t support, int64_t predicted) {
  const auto ratio = [](int64_t a, int64_t b) {
    return b == 0 ? 0.0 : static_cast<double>(a) / static_cast<double>(b);
  };
  return {.label = std::move(label),
          .support = support,
          .predicted = predicted,
          .precision = ratio(hits, predicted),
          .recall = ratio(hits, support),
          .f1 = ratio(2 * hits, support + predicted)};
}

double macro_mean(const std::vector<ClassMetrics>& classes, double ClassMetrics::*member) {
  double sum = 0;
  int64_t counted = 0;
  for (const ClassMetrics& one : classes) {
    if (one.support == 0 && one.predicted == 0) continue;
    sum += one.*member;
    ++counted;
  }
  return counted == 0 ? 0 : sum / static_cast<double>(counted);
}

}  // namespace maas
