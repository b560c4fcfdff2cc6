#include "train/epoch_evaluation.h"

#include <ATen/ops/arange.h>

#include <algorithm>

#include "evaluate/evaluate.h"
#include "run/plan.h"

namespace maas {
namespace {

constexpr int64_t kFewestSampled = 100, kMostSampled = 2000, kShare = 20;

std::shared_ptr<const Dataset> sample_of(const std::shared_ptr<const Dataset>& train) {
  const int64_t rows = std::min(train->size() / kShare, kMostSampled);
  if (rows < kFewestSampled) return nullptr;
  return subset(train, at::arange(rows, at::kLong).mul(train->size()).floor_divide(rows));
}

}  // namespace

EpochEvaluation::EpochEvaluation(const FitJob& job, std::vector<std::string> metrics)
    : job_(job), eval_(job.eval), sample_(sample_of(job.data.train)) {
  eval_.metrics = std::move(metrics);
  if (!job.objective) loss_.emplace(job.train.loss, job.data.spec.task);
}

void EpochEvaluation::measure(const Program& program, EpochNews& news) const {
  const TaskSpec& task = job_.data.spec.task;
  const Dataset& held_out = *job_.data.validation;
  // One plan for both.
  const auto plan = Plan::compile(
      scored_program(program, task.kind),
      {.plan_for = PlanFor::kInference, .rows = rows_at_once(eval_.batch_size, held_out)});
  const Predictions answers = predict_all(*plan, held_out, task, eval_.batch_size);
  news.validation = compute_metrics(answers, metrics_to_compute(eval_, task.kind)).values;
  if (loss_) news.validation_loss = loss_->of(answers);
  if (sample_ == nullptr) return;
  news.train_sample =
      compute_metrics(predict_all(*plan, *sample_, task, eval_.batch_size), eval_.metrics).values;
}

}  // namespace maas
