#include "evaluate/tune_thresholds.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/throw_error.h"
#include "evaluate/class_scores.h"
#include "evaluate/task_metrics.h"

namespace maas {
namespace {

constexpr size_t kMostCandidates = 1000;
constexpr double kGain = 1e-9;  // less is rounding
constexpr int kMostSweeps = 20;

// The candidate of which `score` is highest, of equally good neighbours the middle one.
double best_of(const std::vector<double>& candidates, const std::function<double(double)>& score) {
  double best = -std::numeric_limits<double>::infinity();
  size_t first = 0, last = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const double found = score(candidates[i]);
    if (found > best + kGain) {
      best = found;
      first = last = i;
    } else if (found > best - kGain && last + 1 == i) {
      last = i;
    }
  }
  return candidates[(first + last) / 2];
}

double share_of(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

// Shares halfway between neighbouring ones, and 0.5; ascending.
std::vector<double> candidates_of(std::vector<double> shares) {
  std::sort(shares.begin(), shares.end());
  shares.erase(std::unique(shares.begin(), shares.end()), shares.end());
  std::vector<double> candidates = {0.5};
  const size_t step = std::max<size_t>(1, shares.size() / kMostCandidates);
  for (size_t i = 0; i + 1 < shares.size(); i += step) {
    const double middle = (shares[i] + shares[i + 1]) / 2;
    if (middle > 0 && middle < 1) candidates.push_back(middle);
  }
  std::sort(candidates.begin(), candidates.end());
  return candidates;
}

// Scores that are moved by the logarithm of a threshold, and what is answered then. Rows without an
// answer count among those that are wrong.
class Answered {
 public:
  explicit Answered(Predictions predictions) {
    predictions.thresholds.clear();
    const at::Tensor outputs = checked_outputs(predictions);
    classes_ = static_cast<size_t>(outputs.size(1));
    support_.assign(classes_, 0);
    const double* logits = outputs.const_data_ptr<double>();
    int64_t row = 0;
    for (const RowScore& score : class_scores(predictions)) {
      ++support_[static_cast<size_t>(score.target)];
      const double* own = logits + static_cast<size_t>(row++) * classes_;
      if (score.is_broken()) continue;
      logits_.insert(logits_.end(), own, own + classes_);
      targets_.push_back(static_cast<size_t>(score.target));
    }
    rows_ = row;
    if (targets_.empty()) {
      throw_input("eval.threshold", "no row has an answer to choose thresholds by",
                  "numbers as outputs", "set eval.threshold: none, and see why they are not");
    }
  }

  size_t classes() const { return classes_; }

  // Of class 1, where there are two.
  std::vector<double> shares() const {
    std::vector<double> shares;
    for (size_t i = 0; i < logits_.size(); i += 2) {
      shares.push_back(share_of(logits_[i + 1] - logits_[i]));
    }
    return shares;
  }

  // Class `k` from now on against the others as `thresholds` have them.
  void watch(size_t k, const std::vector<double>& thresholds) {
    watched_ = k;
    rivals_.assign(targets_.size(), 0);
    margins_.assign(targets_.size(), 0);
    for (size_t i = 0; i < targets_.size(); ++i) {
      double highest = -std::numeric_limits<double>::infinity();
      for (size_t j = 0; j < classes_; ++j) {
        const double lead = logits_[i * classes_ + j] - std::log(thresholds[j]);
        if (j == k || lead <= highest) continue;
        highest = lead;
        rivals_[i] = j;
      }
      margins_[i] = logits_[i * classes_ + k] - highest;
    }
  }

  // The metric when the watched class has this threshold.
  double score(const std::string& metric, double threshold) const {
    std::vector<int64_t> hits(classes_, 0), predicted(classes_, 0);
    const double bound = std::log(threshold);
    for (size_t i = 0; i < targets_.size(); ++i) {
      const size_t answer = margins_[i] > bound ? watched_ : rivals_[i];
      ++predicted[answer];
      hits[answer] += answer == targets_[i];
    }
    return metric_of(metric, hits, predicted);
  }

  // The threshold of the watched class by which the metric is highest, as a logarithm, and the
  // metric. All that decide differently are tried, of many rows at most kMostCandidates; of equally
  // good ones the middle one. O(N log N).
  std::pair<double, double> best_bound(const std::string& metric) const {
    std::vector<size_t> order(targets_.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::sort(order, [&](size_t x, size_t y) { return margins_[x] > margins_[y]; });
    std::vector<int64_t> hits(classes_, 0), predicted(classes_, 0);
    for (size_t i = 0; i < targets_.size(); ++i) {
      ++predicted[rivals_[i]];
      hits[rivals_[i]] += rivals_[i] == targets_[i];
    }
    const size_t step = std::max<size_t>(1, order.size() / kMostCandidates);
    std::vector<double> bounds = {margins_[order[0]] + 1},
                        found = {metric_of(metric, hits, predicted)};
    for (size_t next = 0; next < order.size();) {
      const size_t i = order[next++];
      --predicted[rivals_[i]], ++predicted[watched_];
      hits[rivals_[i]] -= rivals_[i] == targets_[i];
      hits[watched_] += watched_ == targets_[i];
      const bool is_last = next == order.size();
      if (!is_last && (margins_[order[next]] == margins_[i] || next % step != 0)) continue;
      bounds.push_back(is_last ? margins_[i] - 1 : (margins_[i] + margins_[order[next]]) / 2);
      found.push_back(metric_of(metric, hits, predicted));
    }
    const auto best =
        std::ranges::max_element(found, [](double x, double y) { return x + kGain < y; });
    auto last = best;
    while (last + 1 != found.end() && *(last + 1) > *best - kGain) ++last;
    return {bounds[static_cast<size_t>((best - found.begin() + (last - found.begin())) / 2)],
            *best};
  }

  // Classes that a row has.
  std::vector<size_t> supported() const {
    std::vector<size_t> classes;
    for (size_t k = 0; k < classes_; ++k) {
      if (support_[k] > 0) classes.push_back(k);
    }
    return classes;
  }

  // Shares of the rows.
  std::vector<double> priors() const {
    std::vector<double> shares;
    for (const int64_t rows : support_) {
      shares.push_back((static_cast<double>(rows) + 0.5) / (static_cast<double>(rows_) + 1));
    }
    return shares;
  }

 private:
  double metric_of(const std::string& metric, const std::vector<int64_t>& hits,
                   const std::vector<int64_t>& predicted) const {
    std::vector<ClassMetrics> counts;
    for (size_t k = 0; k < classes_; ++k) {
      counts.push_back(class_metrics("", hits[k], support_[k], predicted[k]));
    }
    return metric_of_counts(metric, counts, rows_);
  }

  size_t classes_ = 0, watched_ = 0;
  int64_t rows_ = 0;
  std::vector<double> logits_;  // [answers, classes] row-major
  std::vector<size_t> targets_, rivals_;
  std::vector<int64_t> support_;
  std::vector<double> margins_;  // of the watched class over the best of the others
};

std::vector<double> tune_two(Answered& answered, const std::string& metric) {
  const double best = best_of(candidates_of(answered.shares()), [&](double share) {
    answered.watch(1, {1 - share, share});
    return answered.score(metric, share);
  });
  return {1 - best, best};
}

struct Tuned {
  std::vector<double> thresholds;
  double metric = 0;
};

// One class after the other, until none gains. Classes without rows keep theirs.
Tuned climb(Answered& answered, const std::string& metric, std::vector<double> thresholds) {
  answered.watch(0, thresholds);
  Tuned best{thresholds, answered.score(metric, thresholds[0])};
  bool gains = true;
  for (int sweep = 0; gains && sweep < kMostSweeps; ++sweep) {
    gains = false;
    for (const size_t k : answered.supported()) {
      answered.watch(k, best.thresholds);
      const auto [bound, found] = answered.best_bound(metric);
      if (found <= best.metric + kGain) continue;
      best.metric = found;
      best.thresholds[k] = std::exp(bound);
      gains = true;
    }
  }
  return best;
}

// Only what they are to each other decides.
std::vector<double> summing_to_one(std::vector<double> thresholds) {
  const double sum = std::accumulate(thresholds.begin(), thresholds.end(), 0.0);
  for (double& threshold : thresholds) threshold = std::clamp(threshold / sum, 1e-6, 1 - 1e-6);
  return thresholds;
}

// From equal thresholds, from the classes' shares and from a point between: no climb need reach the
// top.
std::vector<double> tune_more(Answered& answered, const std::string& metric) {
  const size_t classes = answered.classes();
  const std::vector<double> equal(classes, 1.0 / static_cast<double>(classes));
  Tuned best = climb(answered, metric, equal);
  for (const double power : {0.5, 1.0}) {
    std::vector<double> start = equal;
    const std::vector<double> priors = answered.priors();
    for (const size_t k : answered.supported()) start[k] = std::pow(priors[k], power);
    const Tuned other = climb(answered, metric, std::move(start));
    if (other.metric > best.metric + kGain) best = other;
  }
  return summing_to_one(std::move(best.thresholds));
}

std::vector<double> tune_labels(const Predictions& predictions) {
  const at::Tensor logits = checked_outputs(predictions);
  const at::Tensor truths = predictions.targets.to(at::kCPU, at::kDouble).contiguous();
  const auto labels = static_cast<size_t>(logits.size(1));
  const auto cells = static_cast<size_t>(logits.numel());
  std::vector<double> thresholds;
  for (size_t k = 0; k < labels; ++k) {
    std::vector<double> shares;
    std::vector<bool> is;
    for (size_t at = k; at < cells; at += labels) {
      const double share = share_of(logits.const_data_ptr<double>()[at]);
      if (std::isnan(share)) continue;
      shares.push_back(share);
      is.push_back(truths.const_data_ptr<double>()[at] > 0.5);
    }
    const bool can_tell = std::ranges::count(is, true) > 0 && std::ranges::count(is, false) > 0;
    if (!can_tell) {
      thresholds.push_back(0.5);
      continue;
    }
    thresholds.push_back(best_of(candidates_of(shares), [&](double threshold) {
      int64_t hits = 0, support = 0, predicted = 0;
      for (size_t i = 0; i < shares.size(); ++i) {
        const bool says = shares[i] >= threshold;
        hits += is[i] && says;
        support += is[i];
        predicted += says;
      }
      return class_metrics("", hits, support, predicted).f1;
    }));
  }
  return thresholds;
}

}  // namespace

std::vector<double> tune_thresholds(const Predictions& predictions, const std::string& metric) {
  if (predictions.task == TaskKind::kMultiLabel) return tune_labels(predictions);
  MAAS_CHECK(predictions.task == TaskKind::kClassification);
  Answered answered(predictions);
  if (answered.supported().size() < 2) return {};
  return answered.classes() == 2 ? tune_two(answered, metric) : tune_more(answered, metric);
}

std::vector<std::string> untunable_labels(const Predictions& predictions) {
  const at::Tensor targets = predictions.targets.to(at::kCPU, at::kDouble).contiguous();
  const bool is_multi = predictions.task == TaskKind::kMultiLabel;
  const int64_t labels = predictions.outputs.size(1), rows = targets.size(0);
  std::vector<int64_t> having(static_cast<size_t>(labels), 0);
  const auto* target = targets.const_data_ptr<double>();
  for (int64_t i = 0; i < targets.numel(); ++i) {
    if (!is_multi) ++having[static_cast<size_t>(target[i])];
    if (is_multi && target[i] > 0.5) ++having[static_cast<size_t>(i % labels)];
  }
  std::vector<std::string> names;
  for (int64_t k = 0; k < labels; ++k) {
    const int64_t count = having[static_cast<size_t>(k)];
    if (count == 0 || (is_multi && count == rows)) names.push_back(label_of(predictions, k));
  }
  return names;
}

std::string metric_to_tune(const std::vector<std::string>& metrics) {
  static const std::set<std::string> kCounted = {"macro_f1", "balanced_accuracy", "mcc"};
  const auto found = std::ranges::find_if(
      metrics, [](const std::string& metric) { return kCounted.contains(metric); });
  return found == metrics.end() ? "balanced_accuracy" : *found;
}

}  // namespace maas
