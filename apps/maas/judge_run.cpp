#include "judge_run.h"

#include <fmt/format.h>

#include "base/name_first.h"
#include "evaluate/tune_thresholds.h"
#include "learning_run.h"
#include "sample/describe.h"

namespace maas {
namespace {

// eval.threshold: tune, on rows that the network has not learnt from.
void choose_thresholds(const FitJob& job, const FitResult& result, HeldOutResult& held,
                       TrainProgress& progress) {
  TaskSpec& task = held.spec.task;
  task.thresholds.clear();
  if (job.eval.threshold == "none") return;
  const Predictions unseen =
      result.out_of_fold
          ? *result.out_of_fold
          : evaluate(result.program, *job.data.validation, task, job.eval).predictions;
  const std::string metric = metric_to_tune(job.eval.metrics);
  const std::string rows = result.out_of_fold ? "the folds" : "validation";
  task.thresholds = tune_thresholds(unseen, metric);
  if (const std::vector<std::string> left = untunable_labels(unseen); !left.empty()) {
    progress.warn(fmt::format(
        "eval.threshold: the rows of {} cannot tell the threshold{} of {}, which {} as without: "
        "give rows that have {} and others that have not",
        rows, left.size() == 1 ? "" : "s", name_first(left, 5),
        task.thresholds.empty() ? "like all others stay"
        : left.size() == 1      ? "stays"
                                : "stay",
        left.size() == 1 ? "it" : "them"));
  }
  if (task.thresholds.empty()) return;
  const bool is_sure = task.kind == TaskKind::kMultiLabel || task.outputs() == 2;
  progress.tell(fmt::format("eval.threshold: {} is {} on {} with {}",
                            task.kind == TaskKind::kMultiLabel ? "the f1 of each label" : metric,
                            is_sure ? "highest" : "the highest found", rows,
                            threshold_words(task)));
  if (held.name != "validation") return;
  progress.warn(
      "the metrics are of the rows that the thresholds were chosen on, so they are somewhat too "
      "good; data.test_fraction keeps others apart");
}

}  // namespace

HeldOutResult judge_run(const FitJob& job, const FitResult& result, TrainProgress& progress) {
  const DataSplits& data = job.data;
  HeldOutResult held{data.spec,
                     data.test         ? data.test
                     : data.validation ? data.validation
                                       : data.train,
                     "train"};
  held.by_folds = !data.test && result.out_of_fold.has_value();
  if (data.test) held.name = "test";
  if (!data.test && (data.validation || held.by_folds)) held.name = "validation";
  if (held.by_folds && result.out_of_fold_rows.defined()) {
    held.rows = subset(data.train, result.out_of_fold_rows);
  }
  choose_thresholds(job, result, held, progress);
  Predictions folded = held.by_folds ? *result.out_of_fold : Predictions{};
  folded.thresholds = held.spec.task.thresholds;
  held.found = held.by_folds ? Evaluation{folded, compute_metrics(folded, job.eval.metrics)}
                             : evaluate(result.program, *held.rows, held.spec.task, job.eval);
  for (const std::string& note : held.found.metrics.notes) progress.warn(note);
  check_outputs(held.found.predictions, held.name, progress);
  return held;
}

}  // namespace maas
