#include "transform/transform.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/throw_error.h"
#include "call/verify.h"
#include "data/open_data.h"
#include "evaluate/metrics.h"
#include "model/derived.h"

namespace maas {
namespace {

// Without data: how alike the answers for random inputs are.
std::optional<double> agreement_of(Predictions before, Predictions after, const TaskSpec& task) {
  if (!before.outputs.defined() || !after.outputs.defined()) return std::nullopt;
  before.task = after.task = task.kind;
  return agreement(before, after);
}

void tell(const TransformJob& job, const std::string& text) {
  if (job.say) job.say(text);
}

}  // namespace

std::string GateResult::became() const {
  if (!std::isfinite(drop)) return "not to be compared: no number";
  if (drop == 0) return "neither better nor worse";
  const std::string text =
      fmt::format("{} by {:.5f}{}", drop < 0 ? "better" : "worse", std::abs(drop), of_what());
  if (rows == 0 || max_drop * static_cast<double>(rows) >= 1) return text;
  const auto lost = std::lround(std::abs(drop) * static_cast<double>(rows));
  return fmt::format("{}, {} of {} rows", text, lost, rows);
}

GateResult judge(const std::string& metric, double before, double after, double max_drop) {
  GateResult gate{.metric = metric, .before = before, .after = after, .max_drop = max_drop};
  gate.drop = higher_is_better(metric) ? before - after : after - before;
  gate.is_relative = is_in_target_units(metric) && before > 0;
  if (gate.is_relative) gate.drop /= before;
  constexpr double kRounding = 1e-9;  // 0.98 - 0.975 is a little more than 0.005
  gate.is_met = std::isfinite(after) && gate.drop <= max_drop + kRounding;
  return gate;
}

MeasureJob measure_job(const Model& model, const Experiment* experiment, const GateConfig& gate,
                       std::vector<std::string>& warnings) {
  MeasureJob job;
  if (experiment == nullptr || !model.manifest.data) return job;
  job.task = model.manifest.data->task;
  job.eval = experiment->eval;
  const std::vector<std::string> names = metrics_to_compute(job.eval, job.task.kind);
  job.metric = gate.metric.empty() ? names.at(0) : gate.metric;
  check_metric_names({job.metric}, job.task.kind, "gate.metric");
  job.eval.metrics = names;
  if (std::find(names.begin(), names.end(), job.metric) == names.end()) {
    job.eval.metrics.push_back(job.metric);
  }
  for (const Split split : {Split::kTest, Split::kValidation, Split::kTrain}) {
    job.held_out.rows = open_split(experiment->data, *model.manifest.data, split,
                                   static_cast<uint64_t>(experiment->seed), &warnings);
    job.held_out.split = to_text(split);
    if (job.held_out.rows != nullptr) break;
  }
  if (job.held_out.split == "train") {
    warnings.push_back("data: there are no held-out rows; the training rows judge the result");
  }
  return job;
}

Transformed transform(const Model& model, const TransformJob& job) {
  const auto start = std::chrono::steady_clock::now();
  Transformed done;
  TransformReport& report = done.report;
  report.verb = job.verb;
  report.parent_name = job.model_name;
  report.parent_digest = model.digest;
  if (job.measure.held_out.rows != nullptr) report.split = job.measure.held_out.split;
  Predictions before, after;
  tell(job, "measuring the model as it is");
  report.before = measure(model.program, job.measure, &before);
  Rewritten rewritten = job.rewrite(model);
  verify(rewritten.program, job.verb);
  tell(job, "measuring the result");
  report.after = measure(rewritten.program, job.measure, &after);
  time_both(model.program, rewritten.program, job.measure, report.before, report.after);
  report.agreement = agreement_of(before, after, job.measure.task);
  report.change = rewritten.change;
  report.layers = std::move(rewritten.layers);
  report.notes = std::move(rewritten.notes);
  report.task = job.measure.task.kind;
  if (!job.measure.metric.empty() && job.measure.held_out.rows != nullptr) {
    const std::string& metric = job.measure.metric;
    report.gate = judge(metric, report.before.metrics.at(metric), report.after.metrics.at(metric),
                        job.max_drop);
    if (is_share_of_rows(metric)) report.gate.rows = report.after.samples;
  }
  done.model = derived(model, job.verb, std::move(rewritten.program), {.text = report.change});
  done.model.manifest.metrics = report.after.metrics;
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return done;
}

namespace {

std::string remedy(const std::string& verb) {
  if (verb == "quantize") return "leave layers out (quantize.ignore), quantize.scheme=w8a8-dynamic";
  if (verb == "distill") return "a larger student, more epochs";
  return "ask for less, fine-tune longer";
}

}  // namespace

Error gate_error(const TransformReport& report, const std::string& keeping) {
  const GateResult& gate = report.gate;
  return {ErrorKind::kRequirement,
          {.where = "gate." + gate.metric,
           .what = fmt::format("{:.5f} after, {:.5f} before: {}", gate.after, gate.before,
                               gate.became()),
           .expected = fmt::format("worse by at most {:g}{} (gate.max_drop)", gate.max_drop,
                                   gate.of_what()),
           .fix = remedy(report.verb) +
                  ", or allow more with gate.max_drop=" + (keeping.empty() ? "" : "; " + keeping)}};
}

}  // namespace maas
