#include "judge_run.h"

#include "learning_run.h"

namespace maas {

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
  const auto& folded = result.out_of_fold;
  held.found = held.by_folds ? Evaluation{*folded, compute_metrics(*folded, job.eval.metrics)}
                             : evaluate(result.program, *held.rows, held.spec.task, job.eval);
  for (const std::string& note : held.found.metrics.notes) progress.warn(note);
  check_outputs(held.found.predictions, held.name, progress);
  return held;
}

}  // namespace maas
