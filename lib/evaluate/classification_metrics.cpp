#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "base/error.h"
#include "evaluate/average_precision.h"
#include "evaluate/class_notes.h"
#include "evaluate/class_scores.h"
#include "evaluate/confidence_bins.h"
#include "evaluate/roc_auc.h"
#include "evaluate/task_metrics.h"
#include "evaluate/top_k.h"

namespace maas {
namespace {

double mean_of(const std::vector<RowScore>& rows,
               const std::function<double(const RowScore&)>& value) {
  double sum = 0;
  for (const RowScore& row : rows) sum += value(row);
  return sum / static_cast<double>(rows.size());
}

double top_k(const std::vector<RowScore>& rows, int64_t k, int64_t classes) {
  if (k > classes) {
    throw Error(ErrorKind::kUsage, Problem{.where = "metrics",
                                           .what = "top_" + std::to_string(k) + " of " +
                                                   std::to_string(classes) + " classes",
                                           .expected = "at most top_" + std::to_string(classes),
                                           .fix = "take a smaller number"});
  }
  return mean_of(rows, [k](const RowScore& row) { return row.rank < k ? 1.0 : 0.0; });
}

using AreaOf = double (*)(const std::vector<double>&, const std::vector<bool>&);

double area_of_class(AreaOf area, const std::vector<double>& odds,
                     const std::vector<RowScore>& rows, size_t k) {
  const size_t classes = odds.size() / rows.size();
  std::vector<double> scores(rows.size());
  std::vector<bool> positive(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    scores[i] = odds[i * classes + k];
    positive[i] = rows[i].target == static_cast<int64_t>(k);
  }
  return area(scores, positive);
}

// Of two classes the one that is looked for: that with fewer rows, of equally many the second.
size_t rarer_of_two(const std::vector<RowScore>& rows) {
  const auto second =
      std::ranges::count_if(rows, [](const RowScore& row) { return row.target == 1; });
  return 2 * second <= static_cast<int64_t>(rows.size()) ? 1 : 0;
}

double mean_area(AreaOf area, const Predictions& predictions, const std::vector<RowScore>& rows) {
  const std::vector<double> odds = log_odds(predictions);
  const size_t classes = odds.size() / rows.size();
  if (classes == 2) return area_of_class(area, odds, rows, rarer_of_two(rows));
  double sum = 0;
  int64_t counted = 0;
  for (size_t k = 0; k < classes; ++k) {
    const double own = area_of_class(area, odds, rows, k);
    if (std::isnan(own)) continue;
    sum += own;
    ++counted;
  }
  return counted == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : sum / static_cast<double>(counted);
}

at::Tensor confusion_of(const std::vector<RowScore>& rows, int64_t classes) {
  at::Tensor confusion = at::zeros({classes, classes}, at::kLong);
  int64_t* counts = confusion.mutable_data_ptr<int64_t>();
  for (const RowScore& row : rows) {
    if (!row.is_broken()) ++counts[row.target * classes + row.predicted];
  }
  return confusion;
}

std::vector<ClassMetrics> per_class(const Predictions& predictions,
                                    const std::vector<RowScore>& rows, int64_t classes) {
  std::vector<int64_t> hits(static_cast<size_t>(classes)), support(hits), predicted(hits);
  for (const RowScore& row : rows) {
    ++support[row.target];
    if (row.is_broken()) continue;
    ++predicted[row.predicted];
    if (row.target == row.predicted) ++hits[row.target];
  }
  std::vector<ClassMetrics> result;
  for (int64_t k = 0; k < classes; ++k) {
    const size_t i = static_cast<size_t>(k);
    result.push_back(class_metrics(label_of(predictions, k), hits[i], support[i], predicted[i]));
  }
  return result;
}

// The mean recall of the classes that have rows.
double balanced_accuracy(const std::vector<ClassMetrics>& classes) {
  double sum = 0, counted = 0;
  for (const ClassMetrics& one : classes) {
    if (one.support == 0) continue;
    sum += one.recall;
    ++counted;
  }
  return sum / counted;
}

// R_K of Gorodkin 2004, from counts: the covariance of truth and prediction over their deviations.
double matthews(const std::vector<ClassMetrics>& classes, double n) {
  double both = 0, truths = 0, guesses = 0, guessed = 0;
  for (const ClassMetrics& one : classes) {
    const auto support = static_cast<double>(one.support);
    const auto predicted = static_cast<double>(one.predicted);
    both += support * predicted;
    truths += support * support;
    guesses += predicted * predicted;
    guessed += predicted;
  }
  // Rows without an answer are a class of their own that nothing belongs to.
  guesses += (n - guessed) * (n - guessed);
  const double scale = std::sqrt((n * n - truths) * (n * n - guesses));
  return scale == 0 ? 0 : (right_answers(classes) * n - both) / scale;
}

double value_of(const std::string& name, const Predictions& predictions,
                const std::vector<RowScore>& rows, const std::vector<ClassMetrics>& classes) {
  if (name == "precision") return macro_mean(classes, &ClassMetrics::precision);
  if (name == "recall") return macro_mean(classes, &ClassMetrics::recall);
  if (name == "nll") return mean_of(rows, [](auto& row) { return -row.target_log_probability; });
  if (name == "brier") return mean_of(rows, [](auto& row) { return row.brier; });
  if (name == "ece") return expected_calibration_error(rows);
  if (name == "roc_auc") return mean_area(roc_auc, predictions, rows);
  if (name == "average_precision") return mean_area(average_precision, predictions, rows);
  if (const int64_t k = top_k_of(name)) {
    return top_k(rows, k, static_cast<int64_t>(classes.size()));
  }
  return metric_of_counts(name, classes, static_cast<int64_t>(rows.size()));
}

}  // namespace

double right_answers(const std::vector<ClassMetrics>& classes) {
  double hits = 0;
  for (const ClassMetrics& one : classes) {
    hits += std::round(one.recall * static_cast<double>(one.support));
  }
  return hits;
}

double metric_of_counts(const std::string& name, const std::vector<ClassMetrics>& classes,
                        int64_t rows) {
  if (name == "macro_f1") return macro_mean(classes, &ClassMetrics::f1);
  if (name == "balanced_accuracy") return balanced_accuracy(classes);
  if (name == "mcc") return matthews(classes, static_cast<double>(rows));
  // accuracy; micro_f1 equals it when every row has one label and one prediction.
  return right_answers(classes) / static_cast<double>(rows);
}

Metrics classification_metrics(const Predictions& predictions,
                               const std::vector<std::string>& names) {
  const std::vector<RowScore> rows = class_scores(predictions);
  const int64_t classes = predictions.outputs.size(1);
  Metrics metrics;
  metrics.samples = static_cast<int64_t>(rows.size());
  metrics.not_numbers =
      std::count_if(rows.begin(), rows.end(), [](const RowScore& row) { return row.is_broken(); });
  metrics.confusion = confusion_of(rows, classes);
  metrics.per_class = per_class(predictions, rows, classes);
  for (const std::string& name : names) {
    metrics.values[name] = value_of(name, predictions, rows, metrics.per_class);
  }
  note_absent_classes(names, metrics);
  note_rare_classes(predictions, metrics);
  return metrics;
}

}  // namespace maas
