#include "transform/measure.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/tensor.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "evaluate/top_k.h"
#include "program/rewrite.h"
#include "program/summary.h"
#include "run/measure_plan.h"
#include "run/plan.h"
#include "tensor/random.h"

namespace maas {
namespace {

constexpr int64_t kResamples = 200;
constexpr int kRounds = 4;

int64_t all_macs(const Program& program) {
  int64_t macs = 0;
  for (const LayerSummary& layer : summarise_layers(program)) macs += layer.macs;
  return macs;
}

Interval wilson(double share, int64_t count) {
  constexpr double z = 1.959963984540054;
  const auto n = static_cast<double>(count);
  const double middle = (share + z * z / (2 * n)) / (1 + z * z / n);
  const double half =
      z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n);
  return {std::max(0.0, middle - half), std::min(1.0, middle + half)};
}

Interval bootstrap(const std::string& metric, const Predictions& predictions) {
  const int64_t rows = predictions.outputs.size(0);
  std::vector<double> values;
  for (int64_t i = 0; i < kResamples; ++i) {
    seed_default_generator(mix_seed(0, "bootstrap", static_cast<uint64_t>(i)));
    const at::Tensor index = at::randint(0, rows, {rows}, at::kLong);
    Predictions sample = predictions;
    sample.outputs = predictions.outputs.index_select(0, index);
    sample.targets = predictions.targets.index_select(0, index);
    const double value = compute_metrics(sample, {metric}).values.at(metric);
    if (std::isfinite(value)) values.push_back(value);
  }
  if (values.empty()) return {std::nan(""), std::nan("")};
  std::sort(values.begin(), values.end());
  const auto at_share = [&](double share) {
    return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
  };
  return {at_share(0.025), at_share(0.975)};
}

// The share that is the same; NaN is an answer like NaN alone.
double same_where_numbers(const at::Tensor& same, const at::Tensor& before_is_nan,
                          const at::Tensor& after_is_nan) {
  const at::Tensor equal =
      same.logical_or(before_is_nan).logical_and(before_is_nan.eq(after_is_nan));
  return equal.to(at::kDouble).mean().item<double>();
}

struct Timed {
  std::shared_ptr<const Plan> plan;
  std::vector<at::Tensor> inputs;
};

// nullopt when the program does not admit the batch size.
std::optional<Timed> ready(const Program& program, int64_t batch) {
  try {
    Timed timed;
    timed.inputs = example_inputs(program, batch);
    timed.plan = Plan::compile(program, {.plan_for = PlanFor::kInference, .rows = batch});
    return timed;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kUsage) return std::nullopt;
    throw;
  }
}

void keep_best(std::map<int64_t, Latency>& all, int64_t batch, const LatencyStats& stats) {
  const auto found = all.find(batch);
  if (found != all.end() && found->second.p50_ms <= stats.p50_ms) return;
  all[batch] = {stats.p50_ms, stats.p90_ms};
}

// The logits less those that the thresholds ask for: the highest is the answer, or of several
// labels those that are not below 0.
at::Tensor leads(const Predictions& predictions) {
  if (predictions.thresholds.empty()) return predictions.outputs;
  std::vector<double> wanted;
  for (const double threshold : predictions.thresholds) {
    const bool is_multi = predictions.task == TaskKind::kMultiLabel;
    wanted.push_back(is_multi ? std::log(threshold / (1 - threshold)) : std::log(threshold));
  }
  return predictions.outputs.to(at::kDouble) - at::tensor(wanted, at::kDouble);
}

}  // namespace

Measured measure(const Program& program, const MeasureJob& job, Predictions* predictions) {
  Measured measured;
  measured.parameters = stored_weights(program);
  measured.bytes = program.byte_count();
  measured.macs = all_macs(program);
  if (job.held_out.rows == nullptr) return measured;
  Evaluation found = evaluate(program, *job.held_out.rows, job.task, job.eval);
  measured.metrics = found.metrics.values;
  measured.samples = found.metrics.samples;
  if (!job.metric.empty()) measured.interval = metric_interval(job.metric, found.predictions);
  if (predictions != nullptr) *predictions = std::move(found.predictions);
  return measured;
}

void time_both(const Program& before, const Program& after, const MeasureJob& job,
               Measured& before_figures, Measured& after_figures) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const MeasureOptions options{.warmup_seconds = job.seconds / 8, .seconds = job.seconds / kRounds};
  for (const int64_t batch : job.batches) {
    const auto first = ready(before, batch), second = ready(after, batch);
    if (!first || !second) continue;
    for (int round = 0; round < kRounds; ++round) {
      keep_best(before_figures.latency, batch,
                measure_latency(*first->plan, first->inputs, options));
      keep_best(after_figures.latency, batch,
                measure_latency(*second->plan, second->inputs, options));
    }
  }
  at::set_num_threads(threads);
}

bool is_share_of_rows(const std::string& metric) {
  return metric == "accuracy" || top_k_of(metric) > 0;
}

Interval metric_interval(const std::string& metric, const Predictions& predictions) {
  if (!is_share_of_rows(metric)) return bootstrap(metric, predictions);
  const double value = compute_metrics(predictions, {metric}).values.at(metric);
  return wilson(value, predictions.outputs.size(0));
}

double agreement(const Predictions& before, const Predictions& after) {
  const at::Tensor &old = before.outputs, &now = after.outputs;
  if (before.task == TaskKind::kClassification) {
    const at::Tensor same = leads(before).argmax(-1).eq(leads(after).argmax(-1));
    return same_where_numbers(same, at::isnan(old).any(-1), at::isnan(now).any(-1));
  }
  if (before.task == TaskKind::kMultiLabel) {
    return same_where_numbers(leads(before).ge(0).eq(leads(after).ge(0)), at::isnan(old),
                              at::isnan(now));
  }
  const at::Tensor a = old.to(at::kDouble), b = now.to(at::kDouble);
  const double spread = (a - a.mean(0, true)).abs().mean().item<double>();
  const double apart = (a - b).abs().mean().item<double>();
  return spread > 0 ? std::max(0.0, 1 - apart / spread) : (apart == 0 ? 1 : 0);
}

}  // namespace maas
