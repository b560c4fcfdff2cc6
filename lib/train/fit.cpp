// Which rows a step sees, how they are augmented and what dropout draws depend on (seed, epoch,
// step) only, so a checkpoint needs counters but no generator states, and resuming in the middle of
// an epoch replays nothing.
#include "train/fit.h"

#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "data/augment.h"
#include "data/batches.h"
#include "data/open_data.h"
#include "evaluate/metrics.h"
#include "evaluate/predict_all.h"
#include "run/plan.h"
#include "tensor/random.h"
#include "train/checkpoint.h"
#include "train/run_folder.h"
#include "train/schedule.h"
#include "train/trainer.h"

namespace maas {
namespace {

constexpr int64_t kMostSkippedInARow = 100;

class Fit {
 public:
  Fit(const FitJob& job, const RunFolder& run, const FitWatcher& watcher)
      : job_(job),
        run_(run),
        watcher_(watcher),
        rows_(job.data.train->size()),
        steps_per_epoch_((rows_ + job.train.batch_size - 1) / job.train.batch_size),
        total_steps_(count_steps()),
        trainer_(job.program, job.train, job.data.spec.task, job.seed),
        schedule_(job.train.schedule, job.train.learning_rate, steps_per_epoch_, total_steps_) {
    const auto defaults = default_metrics(job.data.spec.task.kind);
    metric_names_ = job.eval.metrics.empty() ? defaults : job.eval.metrics;
    watched_ =
        job.train.early_stop.metric.empty() ? metric_names_.at(0) : job.train.early_stop.metric;
    if (std::find(metric_names_.begin(), metric_names_.end(), watched_) == metric_names_.end()) {
      metric_names_.push_back(watched_);
    }
    checkpoint_steps_ =
        std::max<int64_t>(1, in_steps(job.train.checkpoint.every, steps_per_epoch_, total_steps_));
  }

  FitResult run() {
    if (job_.resume) resume();
    while (step_ < total_steps_ && !result_.interrupted && !result_.stopped_early) run_epoch();
    finish();
    return std::move(result_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  int64_t count_steps() const {
    if (!job_.train.steps) return job_.train.epochs * steps_per_epoch_;
    return std::max<int64_t>(1, in_steps(*job_.train.steps, steps_per_epoch_, 0));
  }

  Batch load(int64_t epoch, const BatchOrder& order, int64_t step_in_epoch) const {
    Batch batch = load_batch(*job_.data.train, order.index(step_in_epoch));
    if (!job_.data_config.augment.empty() && job_.data.spec.input.kind == InputKind::kImage) {
      const auto global = static_cast<uint64_t>(epoch * steps_per_epoch_ + step_in_epoch);
      batch.inputs[0] = augment(batch.inputs[0], job_.data_config.augment,
                                mix_seed(job_.seed, "augment", global));
    }
    return batch;
  }

  void run_epoch() {
    const int64_t epoch = step_ / steps_per_epoch_;
    const int64_t first = step_ % steps_per_epoch_;
    const int64_t last = std::min(steps_per_epoch_, first + total_steps_ - step_);
    const BatchOrder order(rows_, job_.train.batch_size, mix_seed(job_.seed, "order"), epoch);
    Prefetcher loader([&](int64_t step) { return load(epoch, order, step); },
                      {.first = first,
                       .last = last,
                       .ahead = job_.data_config.prefetch && !job_.data_config.augment.empty()});
    const auto start = Clock::now();
    while (auto batch = loader.next()) {
      train_step(*batch, epoch);
      if (watcher_.stop_requested && watcher_.stop_requested()) {
        result_.interrupted = step_ < total_steps_;
        break;
      }
      const bool epoch_done = step_ % steps_per_epoch_ == 0 || step_ == total_steps_;
      if (!epoch_done && step_ % checkpoint_steps_ == 0) save();
    }
    epoch_seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
    if (result_.interrupted) {
      save();
    } else {
      end_epoch(epoch);
    }
  }

  void train_step(const Batch& batch, int64_t epoch) {
    const double rate = schedule_.rate(step_);
    const StepResult done = trainer_.step(batch, step_, rate);
    ++step_;
    if (!std::isfinite(done.loss)) {
      diverged(done.loss, rate);
      return;
    }
    skipped_ = 0;
    loss_sum_ += done.loss * static_cast<double>(batch.size());
    loss_samples_ += batch.size();
    if (watcher_.on_step) {
      const int64_t epochs = (total_steps_ + steps_per_epoch_ - 1) / steps_per_epoch_;
      watcher_.on_step({step_, total_steps_, epoch + 1, epochs, passes(), elapsed(), done.loss,
                        rate, batch.size()});
    }
  }

  void diverged(double loss, double rate) {
    ++skipped_;
    if (job_.train.on_divergence == "skip" && skipped_ <= kMostSkippedInARow) {
      warn(fmt::format("step {}: the loss is {}; the step is left out", step_, loss));
      return;
    }
    throw Error(ErrorKind::kDiverged,
                {.where = fmt::format("step {} of {}", step_, total_steps_),
                 .what = fmt::format("the loss is {} at learning rate {:.3g}", loss, rate),
                 .expected = "a finite loss",
                 .fix = "lower train.learning_rate, set train.clip_norm=1, or add "
                        "train.schedule.warmup=5%; the last checkpoint is whole",
                 .excerpt = ""});
  }

  void end_epoch(int64_t epoch) {
    EpochNews news;
    news.epoch = epoch + 1;
    news.step = step_;
    news.passes = passes();
    news.run_seconds = elapsed();
    news.seconds = epoch_seconds_;
    news.learning_rate = schedule_.rate(std::max<int64_t>(0, step_ - 1));
    news.train_loss =
        loss_samples_ > 0 ? loss_sum_ / static_cast<double>(loss_samples_) : std::nan("");
    if (job_.data.validation != nullptr) {
      Program candidate = trainer_.snapshot();
      news.validation = evaluate(candidate);
      news.best = keep_if_best(std::move(candidate), news.validation);
      schedule_.observe(news.best);
      const int64_t patience = job_.train.early_stop.patience;
      result_.stopped_early = patience > 0 && evaluations_without_gain_ >= patience;
    }
    loss_sum_ = 0;
    loss_samples_ = 0;
    epoch_seconds_ = 0;
    if (watcher_.on_epoch) watcher_.on_epoch(news);
    const bool due = step_ / checkpoint_steps_ != saved_step_ / checkpoint_steps_;
    if (due || step_ == total_steps_ || result_.stopped_early) save();
    check_data_unchanged();
  }

  std::map<std::string, double> evaluate(const Program& program) const {
    const auto plan = Plan::compile(program, {.lower = true, .disabled_passes = {}});
    const Predictions predictions =
        predict_all(*plan, *job_.data.validation, job_.data.spec.task, job_.eval.batch_size, {});
    return compute_metrics(predictions, metric_names_).values;
  }

  bool keep_if_best(Program candidate, const std::map<std::string, double>& metrics) {
    const double value = metrics.at(watched_);
    const double gain = higher_is_better(watched_) ? value - best_value_ : best_value_ - value;
    const bool better = !has_best_ || gain > job_.train.early_stop.min_change;
    if (!better) {
      ++evaluations_without_gain_;
      return false;
    }
    evaluations_without_gain_ = 0;
    has_best_ = true;
    best_value_ = value;
    result_.best_step = step_;
    result_.validation = metrics;
    result_.program = std::move(candidate);
    return true;
  }

  void check_data_unchanged() {
    if (job_.data.fingerprint.empty() || fingerprint(job_.data_config) == job_.data.fingerprint) {
      return;
    }
    throw Error(ErrorKind::kInput, {.where = "data",
                                    .what = "a source file changed while training",
                                    .expected = "data that stays as it is during a run",
                                    .fix = "start again, or resume once the files are as they were",
                                    .excerpt = ""});
  }

  void warn(const std::string& text) const {
    if (watcher_.on_warning) watcher_.on_warning(text);
  }

  // NaN weights are never saved; a disk that refuses is a warning, for the run itself can go on.
  void save() {
    if (!trainer_.has_finite_weights()) {
      warn(fmt::format("step {}: weights are not finite; no checkpoint", step_));
      return;
    }
    Checkpoint checkpoint;
    checkpoint.step = step_;
    checkpoint.tensors = trainer_.state();
    if (has_best_) {
      for (const auto* table : {&result_.program.parameters, &result_.program.buffers}) {
        for (const auto& [name, tensor] : *table) checkpoint.tensors["best/" + name] = tensor;
      }
    }
    checkpoint.numbers = {
        {"loss_sum", loss_sum_},
        {"loss_samples", static_cast<double>(loss_samples_)},
        {"epoch_seconds", epoch_seconds_},
        {"seconds", elapsed()},
        {"has_best", has_best_ ? 1.0 : 0.0},
        {"best_value", best_value_},
        {"best_step", static_cast<double>(result_.best_step)},
        {"without_gain", static_cast<double>(evaluations_without_gain_)},
        {"plateau_count", static_cast<double>(schedule_.state().without_improvement)},
        {"plateau_scale", schedule_.state().scale}};
    for (const auto& [name, value] : result_.validation) {
      checkpoint.numbers["validation/" + name] = value;
    }
    checkpoint.texts = {{"config", job_.config_digest}, {"data", job_.data.fingerprint}};
    try {
      save_checkpoint(run_.file("checkpoints"), checkpoint, job_.train.checkpoint.keep_last);
      saved_step_ = step_;
    } catch (const Error& error) {
      warn("no checkpoint: " + error.first().text());
    }
  }

  void resume() {
    std::vector<std::string> warnings;
    remove_orphans(run_.file("checkpoints"));
    const auto checkpoint = load_newest_checkpoint(run_.file("checkpoints"), warnings);
    for (const std::string& warning : warnings) warn(warning);
    if (!checkpoint) {
      warn("no checkpoint yet; starting at step 0");
      return;
    }
    check_same(*checkpoint);
    trainer_.load_state(checkpoint->tensors);
    const auto number = [&](const std::string& name) { return checkpoint->numbers.at(name); };
    step_ = saved_step_ = checkpoint->step;
    loss_sum_ = number("loss_sum");
    loss_samples_ = static_cast<int64_t>(number("loss_samples"));
    epoch_seconds_ = number("epoch_seconds");
    earlier_seconds_ = number("seconds");
    has_best_ = number("has_best") != 0;
    best_value_ = number("best_value");
    result_.best_step = static_cast<int64_t>(number("best_step"));
    evaluations_without_gain_ = static_cast<int64_t>(number("without_gain"));
    schedule_.load_state({static_cast<int64_t>(number("plateau_count")), number("plateau_scale")});
    const int64_t patience = job_.train.early_stop.patience;
    result_.stopped_early = patience > 0 && evaluations_without_gain_ >= patience;
    if (has_best_) load_best(*checkpoint);
    if (watcher_.on_resume) watcher_.on_resume(step_);
  }

  void load_best(const Checkpoint& checkpoint) {
    result_.program = trainer_.snapshot();
    for (auto* table : {&result_.program.parameters, &result_.program.buffers}) {
      for (auto& [name, tensor] : *table) tensor = checkpoint.tensors.at("best/" + name);
    }
    for (const auto& [name, value] : checkpoint.numbers) {
      if (name.rfind("validation/", 0) == 0) result_.validation[name.substr(11)] = value;
    }
  }

  void check_same(const Checkpoint& checkpoint) const {
    const auto saved = checkpoint.texts.find("config");
    if (saved != checkpoint.texts.end() && saved->second == job_.config_digest) return;
    throw Error(ErrorKind::kUsage,
                {.where = run_.path().string(),
                 .what = "the run was started with other settings of data, model, train or seed",
                 .expected = "the settings in its resolved.yaml",
                 .fix = "resume with `maas train --resume " + run_.path().string() +
                        "`, or start a new run",
                 .excerpt = ""});
  }

  double passes() const {
    return static_cast<double>(step_) / static_cast<double>(steps_per_epoch_);
  }

  double elapsed() const {
    return earlier_seconds_ + std::chrono::duration<double>(Clock::now() - start_).count();
  }

  void finish() {
    result_.steps = step_;
    result_.epochs = (step_ + steps_per_epoch_ - 1) / steps_per_epoch_;
    result_.seconds = elapsed();
    if (!has_best_ && !result_.interrupted) {
      result_.program = trainer_.snapshot();
      result_.best_step = step_;
    }
  }

  const FitJob& job_;
  const RunFolder& run_;
  const FitWatcher& watcher_;
  int64_t rows_, steps_per_epoch_, total_steps_, checkpoint_steps_ = 1;
  Trainer trainer_;
  Schedule schedule_;
  std::vector<std::string> metric_names_;
  std::string watched_;
  FitResult result_;
  int64_t step_ = 0, saved_step_ = 0, skipped_ = 0, loss_samples_ = 0;
  int64_t evaluations_without_gain_ = 0;
  double loss_sum_ = 0, epoch_seconds_ = 0, earlier_seconds_ = 0, best_value_ = 0;
  bool has_best_ = false;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

FitResult fit(const FitJob& job, const RunFolder& run, const FitWatcher& watcher) {
  return Fit(job, run, watcher).run();
}

}  // namespace maas
