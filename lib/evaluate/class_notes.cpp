#include "evaluate/class_notes.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/name_first.h"
#include "evaluate/task_metrics.h"

namespace maas {
namespace {

constexpr size_t kMostNamed = 5;

}  // namespace

void note_absent_classes(const std::vector<std::string>& names, Metrics& metrics) {
  std::vector<std::string> none, all, affected;
  for (const ClassMetrics& one : metrics.per_class) {
    if (one.support == 0) none.push_back(fmt::format("'{}'", one.label));
    if (one.support == metrics.samples) all.push_back(fmt::format("'{}'", one.label));
  }
  for (const std::string& name : names) {
    const bool needs_both = name == "roc_auc" || name == "average_precision";
    const bool needs_rows = needs_both || name == "balanced_accuracy";
    if ((needs_rows && !none.empty()) || (needs_both && !all.empty())) affected.push_back(name);
  }
  if (affected.empty()) return;
  std::string what = none.empty() ? "" : "no row is of " + name_first(none, kMostNamed);
  if (!all.empty())
    what += (what.empty() ? "" : ", ") + ("every row is of " + name_first(all, kMostNamed));
  const bool nothing = none.size() + all.size() == metrics.per_class.size();
  metrics.notes.push_back(fmt::format("{}: {} {}", what,
                                      nothing ? "nothing to tell apart for" : "not counted in",
                                      fmt::join(affected, ", ")));
}

void note_rare_classes(const Predictions& predictions, Metrics& metrics) {
  const auto samples = static_cast<double>(metrics.samples);
  const auto classes = static_cast<double>(metrics.per_class.size());
  const double accuracy = right_answers(metrics.per_class) / samples;
  std::vector<std::string> hidden;
  for (const ClassMetrics& one : metrics.per_class) {
    const auto support = static_cast<double>(one.support);
    const bool rare = one.support > 0 && support < 0.4 * samples / classes;
    if (!rare || one.recall >= 0.5 || accuracy - one.recall < 0.2) continue;
    hidden.push_back(fmt::format("'{}' (recall {:.2f}, {:.0f} of {} found)", one.label, one.recall,
                                 one.recall * support, one.support));
  }
  if (hidden.empty()) return;
  metrics.notes.push_back(fmt::format(
      "rare and hardly found, which the accuracy of {:.3f} hides: {}; balanced_accuracy counts "
      "every class alike, and {} finds more of them, where it is not on yet",
      accuracy, name_first(hidden, kMostNamed),
      predictions.thresholds.empty() ? "train.loss.class_weights: balanced or eval.threshold: tune"
                                     : "train.loss.class_weights: balanced"));
}

}  // namespace maas
