#include "evaluate/class_scores.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"

namespace maas {
namespace {

[[noreturn]] void bad_input(const std::string& what, const std::string& expected) {
  throw Error(ErrorKind::kInput, Problem{.where = "metrics",
                                         .what = what,
                                         .expected = expected,
                                         .fix = "evaluate the model on data of its own task"});
}

std::string shape_text(const at::Tensor& tensor) {
  std::string text = "[";
  for (int64_t i = 0; i < tensor.dim(); ++i) {
    text += (i > 0 ? ", " : "") + std::to_string(tensor.size(i));
  }
  return text + "]";
}

// `lead`: the logarithm of each class's threshold, or null.
RowScore score_row(const double* logits, int64_t classes, int64_t target, const double* lead) {
  RowScore row;
  row.target = target;
  double highest = logits[0];
  const auto score = [&](int64_t k) { return logits[k] - (lead == nullptr ? 0 : lead[k]); };
  for (int64_t k = 1; k < classes; ++k) {
    if (score(k) > score(row.predicted)) row.predicted = k;
    highest = std::max(highest, logits[k]);
  }
  double sum = 0;
  for (int64_t k = 0; k < classes; ++k) {
    sum += std::exp(logits[k] - highest);
    row.rank += logits[k] > logits[target] || (k < target && logits[k] == logits[target]);
  }
  row.log_normaliser = highest + std::log(sum);
  row.target_log_probability = logits[target] - row.log_normaliser;
  row.confidence = std::exp(logits[row.predicted] - row.log_normaliser);
  for (int64_t k = 0; k < classes; ++k) {
    const double error = std::exp(logits[k] - row.log_normaliser) - (k == target ? 1 : 0);
    row.brier += error * error;
  }
  if (std::isnan(row.log_normaliser)) {
    row.predicted = -1;
    row.rank = classes;  // in no top k
  }
  return row;
}

void log_odds_of_row(const double* logits, size_t classes, double* odds) {
  if (classes == 2) {  // exact for logits that were float32
    odds[0] = logits[0] - logits[1];
    odds[1] = logits[1] - logits[0];
    return;
  }
  std::vector<size_t> order(classes);
  std::iota(order.begin(), order.end(), size_t{0});
  if (std::any_of(logits, logits + classes, [](double x) { return std::isnan(x); })) {
    std::fill(odds, odds + classes, std::numeric_limits<double>::quiet_NaN());
    return;
  }
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return logits[a] < logits[b]; });
  const double highest = logits[order.back()];
  // Sums of exp over those that rank below and above, each in the order of the logits.
  std::vector<double> above(classes, 0);
  for (size_t i = classes - 1; i > 0; --i) {
    above[i - 1] = above[i] + std::exp(logits[order[i]] - highest);
  }
  double below = 0;
  for (size_t i = 0; i < classes; ++i) {
    const double shifted = logits[order[i]] - highest;
    odds[order[i]] = shifted - std::log(below + above[i]);
    below += std::exp(shifted);
  }
}

}  // namespace

at::Tensor checked_outputs(const Predictions& predictions) {
  const at::Tensor& outputs = predictions.outputs;
  const at::Tensor& targets = predictions.targets;
  const int64_t labels = static_cast<int64_t>(predictions.labels.size());
  if (!outputs.defined() || outputs.dim() != 2 || outputs.size(1) < 1) {
    bad_input("outputs of shape " + (outputs.defined() ? shape_text(outputs) : "(none)"),
              "[rows, outputs]");
  }
  if (labels > 0 && outputs.size(1) != labels) {
    bad_input("the model gives " + std::to_string(outputs.size(1)) + " outputs a row",
              std::to_string(labels) + ", as there are labels");
  }
  const int64_t rank = predictions.task == TaskKind::kClassification ? 1 : 2;
  if (!targets.defined() || targets.dim() != rank || targets.size(0) != outputs.size(0) ||
      (rank == 2 && targets.size(1) != outputs.size(1))) {
    bad_input("targets of shape " + (targets.defined() ? shape_text(targets) : "(none)"),
              "to fit outputs " + shape_text(outputs));
  }
  if (outputs.size(0) == 0) bad_input("no rows to evaluate", "at least one");
  return outputs.detach().to(at::kCPU, at::kDouble).contiguous();
}

std::vector<RowScore> class_scores(const Predictions& predictions) {
  const at::Tensor outputs = checked_outputs(predictions);
  const at::Tensor targets = predictions.targets.to(at::kCPU, at::kLong).contiguous();
  const int64_t rows = outputs.size(0), classes = outputs.size(1);
  const double* logits = outputs.const_data_ptr<double>();
  const int64_t* target = targets.const_data_ptr<int64_t>();
  std::vector<double> lead;
  for (const double threshold : predictions.thresholds) lead.push_back(std::log(threshold));
  MAAS_CHECK(lead.empty() || static_cast<int64_t>(lead.size()) == classes);
  std::vector<RowScore> scores(static_cast<size_t>(rows));
  for (int64_t i = 0; i < rows; ++i) {
    if (target[i] < 0 || target[i] >= classes) {
      bad_input("target " + std::to_string(target[i]) + " in row " + std::to_string(i),
                "0 to " + std::to_string(classes - 1));
    }
    scores[i] =
        score_row(logits + i * classes, classes, target[i], lead.empty() ? nullptr : lead.data());
  }
  return scores;
}

std::vector<double> log_odds(const Predictions& predictions) {
  const at::Tensor outputs = checked_outputs(predictions);
  const auto classes = static_cast<size_t>(outputs.size(1));
  const double* logits = outputs.const_data_ptr<double>();
  std::vector<double> odds(static_cast<size_t>(outputs.numel()));
  for (size_t begin = 0; begin < odds.size(); begin += classes) {
    log_odds_of_row(logits + begin, classes, odds.data() + begin);
  }
  return odds;
}

std::string label_of(const Predictions& predictions, int64_t i) {
  const size_t index = static_cast<size_t>(i);
  return index < predictions.labels.size() ? predictions.labels[index] : std::to_string(i);
}

}  // namespace maas
