#include "evaluate/evaluate.h"

#include <algorithm>

#include "evaluate/requirement.h"
#include "run/plan.h"

namespace maas {

std::vector<std::string> metrics_to_compute(const EvalConfig& config, TaskKind task) {
  return with_required(config.metrics.empty() ? default_metrics(task) : config.metrics,
                       config.require);
}

Evaluation evaluate(const Program& program, const Dataset& dataset, const TaskSpec& task,
                    const EvalConfig& config, const EvaluateOptions& options) {
  const auto plan = Plan::compile(program, {.plan_for = PlanFor::kInference,
                                            .disabled_passes = options.disabled_passes,
                                            .rows = std::min(config.batch_size, dataset.size())});
  Evaluation found;
  found.predictions = predict_all(*plan, dataset, task, config.batch_size, options.progress);
  found.metrics = compute_metrics(found.predictions, metrics_to_compute(config, task.kind));
  return found;
}

}  // namespace maas
