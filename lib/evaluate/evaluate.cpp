#include "evaluate/evaluate.h"

#include <fmt/format.h>

#include <algorithm>

#include "evaluate/requirement.h"
#include "run/plan.h"

namespace maas {

std::vector<std::string> metrics_to_compute(const EvalConfig& config, TaskKind task) {
  return with_required(config.metrics.empty() ? default_metrics(task) : config.metrics,
                       config.require);
}

std::optional<Squash> squash_of(TaskKind task) {
  if (task == TaskKind::kRegression) return std::nullopt;
  return task == TaskKind::kMultiLabel ? Squash::kSigmoid : Squash::kSoftmax;
}

Program scored_program(Program program, TaskKind task) {
  const auto squash = squash_of(task);
  return squash ? with_logits(std::move(program), *squash) : program;
}

OutputForm output_form_of(const Program& program, TaskKind task) {
  const auto squash = squash_of(task);
  return squash ? output_form(program, *squash) : OutputForm::kLogits;
}

std::string scored_note(const Program& program, TaskKind task) {
  const bool is_plain = output_form_of(program, task) == OutputForm::kLogits;
  if (is_plain && task == TaskKind::kClassification &&
      output_form(program, Squash::kSigmoid) != OutputForm::kLogits) {
    return "the network ends in a sigmoid, and what it gives counts as the scores of classes of "
           "which one holds: none can become probable; model.head: new replaces the last layer "
           "and the sigmoid, data.task: multi_label is for labels that hold beside each other";
  }
  if (is_plain) return "";
  return fmt::format("the network ends in a {}: losses and metrics take the logits before it",
                     task == TaskKind::kMultiLabel ? "sigmoid" : "softmax");
}

Evaluation evaluate(const Program& program, const Dataset& dataset, const TaskSpec& task,
                    const EvalConfig& config, const EvaluateOptions& options) {
  const auto plan = Plan::compile(scored_program(program, task.kind),
                                  {.plan_for = PlanFor::kInference,
                                   .disabled_passes = options.disabled_passes,
                                   .rows = rows_at_once(config.batch_size, dataset)});
  Evaluation found;
  found.predictions = predict_all(*plan, dataset, task, config.batch_size, options.progress);
  found.metrics = compute_metrics(found.predictions, metrics_to_compute(config, task.kind));
  return found;
}

}  // namespace maas
