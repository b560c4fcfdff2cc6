// How good a model's predictions are.
//
// Every number is computed in double precision in one pass over the rows, on the CPU.
//
// | task           | metrics                                                                   |
// | classification | accuracy, balanced_accuracy, top_K (top_5), macro_f1, micro_f1,           |
// |                | precision, recall, mcc, nll, ece, brier, roc_auc, average_precision       |
// | multi-label    | accuracy (all labels of a row right), macro_f1, micro_f1, precision,      |
// |                | recall, nll, brier, roc_auc, average_precision                            |
// | regression     | mae, rmse, r2, mape                                                       |
//
// Definitions, which agree with scikit-learn's where it has one:
// - precision, recall, macro_f1: unweighted means over the classes that occur in the truth or the
//   predictions, multi-label over all labels; 0 / 0 counts as 0.
// - nll: mean negative log-likelihood in nats; multi-label: mean binary one over rows and labels.
// - ece: expected calibration error, 15 equal-width bins of confidence (confidence_bins.h).
// - brier: mean over rows of the sum over classes of (p - y)^2, in [0, 2]; multi-label: mean over
//   rows and labels, in [0, 1].
// - roc_auc: binary, or unweighted mean of one class against the rest over the classes that have
//   both kinds of rows; NaN when there is none (roc_auc.h).
// - average_precision: as roc_auc, of the area under the precision-recall curve, over the classes
//   that have both kinds of rows; of two classes that of the one with fewer rows, of equally many
//   the second (average_precision.h).
// - balanced_accuracy: unweighted mean of the recall over the classes that have rows.
// - mcc: Matthews' correlation coefficient of truth and prediction, of any number of classes
//   (Gorodkin 2004), in [-1, 1]; 0 where one of them is constant.
// - mape: mean of |error| / |target|, as a share and not in percent; a target of 0 counts as
//   2.2e-16, so that one error there makes the mean huge.
// - rmse, r2: unweighted means over the targets; r2 of a constant target is 1 if met exactly, else
//   0.
//
// Outputs that are not numbers are wrong answers: a row with logits from which no probability can
// be computed (NaN, +infinity) has no predicted class, a label whose logit is NaN is predicted
// wrongly; nll, ece, brier, roc_auc, average_precision, mae, rmse, r2 and mape of them are NaN.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "sample/spec.h"

namespace maas {

struct Predictions {
  at::Tensor outputs;  // floating [N, K] logits, or [N, T] values
  at::Tensor targets;  // classification int64 [N] in [0, K); multi-label [N, K] of 0 and 1;
                       // regression [N, T]
  TaskKind task = TaskKind::kClassification;
  std::vector<std::string> labels;  // K or T names, or empty: then the index is the name
  // As TaskSpec::thresholds: they decide which label is predicted, and change no probability.
  std::vector<double> thresholds = {};
};

// One class, or one label of a multi-label task.
struct ClassMetrics {
  std::string label;
  int64_t support = 0;    // rows that have it
  int64_t predicted = 0;  // rows for which it was predicted
  double precision = 0, recall = 0, f1 = 0;
};

// One target of a regression by itself.
struct TargetMetrics {
  std::string target;
  std::map<std::string, double> values;  // those asked for, by name
};

struct Metrics {
  std::map<std::string, double> values;   // those asked for, by name
  std::vector<ClassMetrics> per_class;    // classification and multi-label, in order of index
  std::vector<TargetMetrics> per_target;  // regression of several targets, in order of index
  at::Tensor confusion;     // classification: int64 [K, K], rows = truth; else undefined
  int64_t samples = 0;      // N
  int64_t not_numbers = 0;  // rows with outputs that are NaN, or give no probability
  // What a reader of the values has to know, a line each: classes that roc_auc leaves out, a rare
  // class that is hardly found.
  std::vector<std::string> notes = {};
};

// Throws Error{kUsage} for a name that is unknown, with the nearest known one, or that does not fit
// the task; Error{kInput} when shapes disagree, there are no rows, or a target is out of range.
Metrics compute_metrics(const Predictions& predictions, const std::vector<std::string>& names);

// Throws what compute_metrics would throw for the names alone: to check a config before the work.
// `where` is named in the error: "eval.metrics", "--metrics".
void check_metric_names(const std::vector<std::string>& names, TaskKind task,
                        const std::string& where);

std::vector<std::string> metric_names(TaskKind task);     // all; top_K is shown as "top_5"
std::vector<std::string> default_metrics(TaskKind task);  // the first is the one that matters
// Those of `values` in the order of `asked`, then the others by name.
std::vector<std::pair<std::string, double>> in_order(const std::map<std::string, double>& values,
                                                     const std::vector<std::string>& asked);
bool higher_is_better(const std::string& name);    // false for errors and losses
bool is_in_target_units(const std::string& name);  // "rmse": its size says nothing by itself

}  // namespace maas
