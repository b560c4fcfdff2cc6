#include "train/find_rate.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "tensor/random.h"
#include "train/check_job.h"
#include "train/epoch_batches.h"
#include "train/smallest_batch.h"
#include "train/trainer.h"

namespace maas {
namespace {

constexpr double kSmoothing = 0.95;
constexpr double kDiverged = 4;       // times the loss before anything was learnt
constexpr int64_t kFewestSteps = 10;  // before the smoothed loss says anything

EpochBatches batches_of(const FitJob& job, int64_t epoch) {
  const int64_t rows = job.data.train->size();
  const bool images = job.data.spec.input.kind == InputKind::kImage;
  return {.samples = job.data.train,
          .order = BatchOrder(rows, std::min(job.train.batch_size, rows),
                              mix_seed(job.seed, "order"), epoch),
          .augments = images ? job.data_config.augment : std::vector<AugmentConfig>{},
          .hide_categories = images ? 0 : job.data_config.hide_categories,
          .hide_text = images ? 0 : job.data_config.hide_text,
          .seed = job.seed,
          .first_step = 0,
          .smallest = smallest_batch(job.program)};
}

// The slope of the loss over the logarithm of the rate, by a line through five points.
double slope_at(const std::vector<RateSearch::Step>& steps, size_t at) {
  double x = 0, y = 0, xx = 0, xy = 0, n = 0;
  for (size_t i = at - 2; i <= at + 2; ++i) {
    const double rate = std::log(steps[i].rate);
    x += rate, y += steps[i].loss, xx += rate * rate, xy += rate * steps[i].loss, n += 1;
  }
  return (n * xy - x * y) / (n * xx - x * x);
}

void judge(RateSearch& search) {
  const auto& steps = search.steps;
  if (steps.empty()) return;
  const auto first = std::min<size_t>(kFewestSteps, steps.size() - 1);
  const auto lowest =
      std::min_element(steps.begin() + static_cast<int64_t>(first), steps.end(),
                       [](const auto& a, const auto& b) { return a.loss < b.loss; });
  search.lowest_loss_at = lowest->rate;
  double steepest = 0;
  const auto end = static_cast<size_t>(lowest - steps.begin());
  for (size_t i = kFewestSteps; i + 2 < steps.size() && i <= end; ++i) {
    const double slope = slope_at(steps, i);
    if (slope >= steepest) continue;
    steepest = slope;
    search.steepest = steps[i].rate;
  }
}

}  // namespace

RateSearch find_rate(const FitJob& job, const RateSearchOptions& options) {
  MAAS_CHECK(options.lowest > 0 && options.highest > options.lowest && options.steps > 1);
  check_job(job);
  const Objective objective =
      job.objective ? *job.objective : supervised(job.program, job.train.loss, job.data.spec.task);
  // What a batch's loss is before anything is learnt says how much of it is the batch's own: that
  // of numbers with rare large ones varies more than learning changes it.
  Trainer trainer(job.program, objective, job.train, job.seed);
  Trainer still(job.program, objective, job.train, job.seed);
  RateSearch search;
  search.batch_size = std::min(job.train.batch_size, job.data.train->size());
  const double factor =
      std::pow(options.highest / options.lowest, 1 / static_cast<double>(options.steps - 1));
  double gained = 0, weight = 0, rate = options.lowest, all_before = 0;
  EpochBatches batches = batches_of(job, 0);
  int64_t epoch = 0, next = 0;
  for (int64_t step = 0; step < options.steps; ++step, rate *= factor) {
    if (options.stop_requested && options.stop_requested()) break;
    if (next == batches.steps()) {
      batches = batches_of(job, ++epoch);
      next = 0;
    }
    const Batch batch = batches.load(next++);
    const StepResult done = trainer.step(batch, step, rate), before = still.step(batch, step, 0);
    if (!done.taken || !before.taken) break;
    gained = kSmoothing * gained + (1 - kSmoothing) * (done.loss - before.loss);
    weight = kSmoothing * weight + (1 - kSmoothing);
    all_before += before.loss;
    search.steps.push_back({rate, gained / weight});
    const double mean = all_before / static_cast<double>(step + 1);
    if (step >= kFewestSteps && mean + gained / weight > kDiverged * mean) break;
  }
  const double mean = all_before / std::max<double>(1, static_cast<double>(search.steps.size()));
  for (RateSearch::Step& step : search.steps) step.loss += mean;
  judge(search);
  return search;
}

}  // namespace maas
