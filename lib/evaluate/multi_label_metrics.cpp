#include <ATen/ops/isnan.h>

#include <cmath>
#include <limits>

#include "evaluate/average_precision.h"
#include "evaluate/class_notes.h"
#include "evaluate/class_scores.h"
#include "evaluate/roc_auc.h"
#include "evaluate/task_metrics.h"

namespace maas {
namespace {

// Logits and truths, [rows, labels] row-major; a label is predicted when its logit is above its
// bound, wrongly when it is NaN.
struct LabelTable {
  at::Tensor logits, truths;  // double, contiguous
  int64_t rows = 0, labels = 0;
  std::vector<double> bounds;  // the logit above which each label is predicted; empty = 0
  double logit(int64_t i, int64_t k) const {
    return logits.const_data_ptr<double>()[i * labels + k];
  }
  bool truth(int64_t i, int64_t k) const {
    return truths.const_data_ptr<double>()[i * labels + k] > 0.5;
  }
  bool predicted(int64_t i, int64_t k) const {
    if (std::isnan(logit(i, k))) return !truth(i, k);
    return bounds.empty() ? logit(i, k) > 0 : logit(i, k) >= bounds[static_cast<size_t>(k)];
  }
};

double subset_accuracy(const LabelTable& table) {
  int64_t right = 0;
  for (int64_t i = 0; i < table.rows; ++i) {
    bool all = true;
    for (int64_t k = 0; k < table.labels; ++k) all &= table.predicted(i, k) == table.truth(i, k);
    right += all;
  }
  return static_cast<double>(right) / static_cast<double>(table.rows);
}

std::vector<ClassMetrics> per_label(const LabelTable& table, const Predictions& predictions) {
  std::vector<ClassMetrics> result;
  for (int64_t k = 0; k < table.labels; ++k) {
    int64_t hits = 0, support = 0, predicted = 0;
    for (int64_t i = 0; i < table.rows; ++i) {
      support += table.truth(i, k);
      predicted += table.predicted(i, k);
      hits += table.truth(i, k) && table.predicted(i, k);
    }
    result.push_back(class_metrics(label_of(predictions, k), hits, support, predicted));
  }
  return result;
}

double micro_f1(const LabelTable& table) {
  int64_t hits = 0, both = 0;
  for (int64_t i = 0; i < table.rows; ++i) {
    for (int64_t k = 0; k < table.labels; ++k) {
      both += int{table.truth(i, k)} + int{table.predicted(i, k)};
      hits += table.truth(i, k) && table.predicted(i, k);
    }
  }
  return both == 0 ? 0 : 2 * static_cast<double>(hits) / static_cast<double>(both);
}

double mean_loss(const LabelTable& table, bool squared) {
  double sum = 0;
  for (int64_t i = 0; i < table.rows; ++i) {
    for (int64_t k = 0; k < table.labels; ++k) {
      const double x = table.logit(i, k), y = table.truth(i, k) ? 1 : 0;
      const double error = 1 / (1 + std::exp(-x)) - y;
      // The second is -y log p - (1 - y) log(1 - p), written so that nothing overflows.
      sum +=
          squared ? error * error : std::max(x, 0.0) - x * y + std::log1p(std::exp(-std::abs(x)));
    }
  }
  return sum / static_cast<double>(table.rows * table.labels);
}

using AreaOf = double (*)(const std::vector<double>&, const std::vector<bool>&);

double mean_area(AreaOf area_of, const LabelTable& table) {
  double sum = 0;
  int64_t counted = 0;
  for (int64_t k = 0; k < table.labels; ++k) {
    std::vector<double> scores;
    std::vector<bool> positive;
    for (int64_t i = 0; i < table.rows; ++i) {
      scores.push_back(table.logit(i, k));
      positive.push_back(table.truth(i, k));
    }
    const double area = area_of(scores, positive);
    if (std::isnan(area)) continue;
    sum += area;
    ++counted;
  }
  return counted == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : sum / static_cast<double>(counted);
}

double mean_of(const std::vector<ClassMetrics>& labels, double ClassMetrics::*member) {
  double sum = 0;
  for (const ClassMetrics& label : labels) sum += label.*member;
  return sum / static_cast<double>(labels.size());
}

int64_t rows_with_nan(const LabelTable& table) {
  return at::isnan(table.logits).any(1).sum().item<int64_t>();
}

double value_of(const std::string& name, const LabelTable& table,
                const std::vector<ClassMetrics>& labels) {
  if (name == "precision") return mean_of(labels, &ClassMetrics::precision);
  if (name == "recall") return mean_of(labels, &ClassMetrics::recall);
  if (name == "macro_f1") return mean_of(labels, &ClassMetrics::f1);
  if (name == "micro_f1") return micro_f1(table);
  if (name == "nll") return mean_loss(table, false);
  if (name == "brier") return mean_loss(table, true);
  if (name == "roc_auc") return mean_area(roc_auc, table);
  if (name == "average_precision") return mean_area(average_precision, table);
  return subset_accuracy(table);
}

}  // namespace

Metrics multi_label_metrics(const Predictions& predictions, const std::vector<std::string>& names) {
  LabelTable table;
  table.logits = checked_outputs(predictions);
  table.truths = predictions.targets.to(at::kCPU, at::kDouble).contiguous();
  table.rows = table.logits.size(0);
  table.labels = table.logits.size(1);
  for (const double p : predictions.thresholds) table.bounds.push_back(std::log(p / (1 - p)));
  Metrics metrics;
  metrics.samples = table.rows;
  metrics.not_numbers = rows_with_nan(table);
  metrics.per_class = per_label(table, predictions);
  for (const std::string& name : names) {
    metrics.values[name] = value_of(name, table, metrics.per_class);
  }
  note_absent_classes(names, metrics);
  return metrics;
}

}  // namespace maas
