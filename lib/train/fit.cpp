// Which rows a step sees, how they are augmented and what dropout draws depend on (seed, epoch,
// step) only, so a checkpoint needs counters but no generator states, and resuming in the middle of
// an epoch replays nothing.
#include "train/fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/error.h"
#include "base/throw_error.h"
#include "data/open_data.h"
#include "data/prefetcher.h"
#include "record/run_folder.h"
#include "run/kernel_times.h"
#include "tensor/random.h"
#include "train/best_model.h"
#include "train/check_job.h"
#include "train/checkpoint.h"
#include "train/divergence.h"
#include "train/epoch_batches.h"
#include "train/epoch_evaluation.h"
#include "train/kept_kernels.h"
#include "train/resumed_length.h"
#include "train/run_settings.h"
#include "train/schedule.h"
#include "train/smallest_batch.h"
#include "train/trainer.h"

namespace maas {
namespace {

constexpr int64_t kMostSkippedInARow = 100;
constexpr const char* kSettingPrefix = "setting/";
constexpr const char* kWatcherPrefix = "watcher/";
constexpr const char* kConstraintPrefix = "constraint/";

// The entries whose names begin so, without it.
template <class T>
std::map<std::string, T> with_prefix(const std::map<std::string, T>& all,
                                     const std::string& prefix) {
  std::map<std::string, T> found;
  for (const auto& [name, value] : all) {
    if (name.rfind(prefix, 0) == 0) found[name.substr(prefix.size())] = value;
  }
  return found;
}

Objective objective_of(const FitJob& job) {
  return job.objective ? *job.objective
                       : supervised(job.program, job.train.loss, job.data.spec.task);
}

// The first of eval.metrics, or early_stop.metric, which is then computed, too.
std::string watched_metric(const FitJob& job, std::vector<std::string>& names) {
  names = job.eval.metrics.empty() ? default_metrics(job.data.spec.task.kind) : job.eval.metrics;
  const std::string& wanted = job.train.early_stop.metric;
  if (wanted.empty()) return names.at(0);
  if (std::find(names.begin(), names.end(), wanted) == names.end()) names.push_back(wanted);
  return wanted;
}

class Fit {
 public:
  Fit(const FitJob& job, const RunFolder& run, const FitWatcher& watcher)
      : job_(job),
        run_(run),
        watcher_(watcher),
        rows_(job.data.train->size()),
        smallest_(smallest_batch(job.program)),
        steps_per_epoch_(count_epoch_steps()),
        total_steps_(count_steps()),
        trainer_(job.program, objective_of(job), job.train, job.seed),
        schedule_(job.train.schedule, job.train.learning_rate, steps_per_epoch_, total_steps_),
        best_(watched_metric(job, metric_names_), job.train.early_stop),
        fingerprint_(job.data.fingerprint) {
    if (job.data.validation != nullptr) evaluation_.emplace(job, metric_names_);
    checkpoint_steps_ =
        std::max<int64_t>(1, in_steps(job.train.checkpoint.every, steps_per_epoch_, total_steps_));
  }

  FitResult run() {
    if (watcher_.on_detail && !trainer_.why_autograd().empty()) {
      watcher_.on_detail("autograd differentiates each step, which is slower than one graph: " +
                         trainer_.why_autograd());
    }
    if (job_.resume) resume();
    if (watcher_.on_start) watcher_.on_start();
    if (step_ == 0) constrain();
    while (step_ < total_steps_ && !result_.interrupted && !result_.stopped_early) run_epoch();
    finish();
    return std::move(result_);
  }

 private:
  using Clock = std::chrono::steady_clock;

  int64_t count_epoch_steps() const {
    return EpochBatches{.samples = job_.data.train,
                        .order = BatchOrder::in_order(rows_, job_.train.batch_size),
                        .augments = {},
                        .smallest = smallest_}
        .steps();
  }

  int64_t count_steps() const {
    if (!job_.train.steps) return job_.train.epochs * steps_per_epoch_;
    return std::max<int64_t>(1, in_steps(*job_.train.steps, steps_per_epoch_, 0));
  }

  std::shared_ptr<const EpochBatches> batches_of(int64_t epoch) const {
    const bool images = job_.data.spec.input.kind == InputKind::kImage;
    return std::make_shared<EpochBatches>(EpochBatches{
        .samples = job_.data.train,
        .order = BatchOrder(rows_, job_.train.batch_size, mix_seed(job_.seed, "order"), epoch),
        .augments = images ? job_.data_config.augment : std::vector<AugmentConfig>{},
        .hide_categories = images ? 0 : job_.data_config.hide_categories,
        .hide_text = images ? 0 : job_.data_config.hide_text,
        .seed = job_.seed,
        .first_step = epoch * steps_per_epoch_,
        .smallest = smallest_});
  }

  bool loads_ahead(const EpochBatches& batches) const {
    const bool pays = !batches.augments.empty() || !batches.samples->in_memory();
    return job_.data_config.prefetch && pays;
  }

  void run_epoch() {
    const int64_t epoch = step_ / steps_per_epoch_;
    const int64_t first = step_ % steps_per_epoch_;
    const int64_t last = std::min(steps_per_epoch_, first + total_steps_ - step_);
    const auto batches = batches_of(epoch);
    Prefetcher loader([batches](int64_t step) { return batches->load(step); },
                      {.first = first,
                       .last = last,
                       .ahead = loads_ahead(*batches),
                       .name_of = [batches](int64_t step) { return batches->name_of(step); }});
    const auto start = Clock::now();
    bool epoch_done = false;
    while (auto batch = loader.next()) {
      train_step(*batch, epoch, *batches);
      epoch_done = step_ % steps_per_epoch_ == 0 || step_ == total_steps_;
      if (watcher_.stop_requested && watcher_.stop_requested()) {
        result_.interrupted = step_ < total_steps_;
        break;
      }
      if (!epoch_done && step_ % checkpoint_steps_ == 0) save();
    }
    epoch_seconds_ += std::chrono::duration<double>(Clock::now() - start).count();
    // Evaluation belongs to the epoch's last step: a resumed run begins with the next epoch.
    if (epoch_done) end_epoch(epoch);
    if (result_.stopped_early) result_.interrupted = false;
    if (result_.interrupted && saved_step_ != step_) save();
  }

  void train_step(const Batch& batch, int64_t epoch, const EpochBatches& batches) {
    const double rate = schedule_.rate(step_);
    const StepResult done = trainer_.step(batch, step_, rate);
    ++step_;
    constrain();
    if (!done.taken) {
      diverged({step_, total_steps_, saved_step_, done.loss, rate,
                batches.index((step_ - 1) % steps_per_epoch_)});
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

  void constrain() {
    if (job_.constraint == nullptr) return;
    job_.constraint->apply(step_, total_steps_, trainer_.weights(), trainer_.optimizer_state());
  }

  // Throws unless the step may be left out.
  void diverged(const Divergence& what) {
    const Error error = divergence_error(what, *job_.data.train);
    if (job_.train.on_divergence != "skip" || ++skipped_ > kMostSkippedInARow) {
      write_divergence(what, *job_.data.train, run_);
      throw error;
    }
    warn(error.first().where + ": " + error.first().what + "; the step is left out");
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
    if (!all_finite(trainer_.state())) {
      throw broken_weights_error({step_, total_steps_, saved_step_, 0, news.learning_rate, {}});
    }
    if (job_.data.validation != nullptr) {
      Program candidate = trainer_.snapshot();
      evaluation_->measure(candidate, news);
      news.best = best_.observe(std::move(candidate), news.validation, step_);
      schedule_.observe(news.best);
      result_.stopped_early = best_.out_of_patience();
    }
    loss_sum_ = 0;
    loss_samples_ = 0;
    epoch_seconds_ = 0;
    if (watcher_.on_epoch) watcher_.on_epoch(news);
    const bool due = step_ / checkpoint_steps_ != saved_step_ / checkpoint_steps_;
    if (due || step_ == total_steps_ || result_.stopped_early) save();
    check_data_unchanged();
  }

  // New times alone are no other data: a copy, or a file written again with the same content.
  void check_data_unchanged() {
    if (fingerprint_.content.empty()) return;
    const Fingerprint now = fingerprint(job_.data_config);
    if (now == fingerprint_) return;
    if (now.content != fingerprint_.content) {
      throw_input("data", "a source file changed while training",
                  "data that stay as they are during a run",
                  "start again, or resume once the files are as they were");
    }
    warn("data: a source file was written while training; its size and ends are as before");
    fingerprint_ = now;
  }

  void warn(const std::string& text) const {
    if (watcher_.on_warning) watcher_.on_warning(text);
  }

  // A disk that refuses is a warning, for the run itself can go on.
  void save() {
    if (!all_finite(trainer_.state())) {
      warn(fmt::format("step {}: weights are not finite; no checkpoint", step_));
      return;
    }
    Checkpoint checkpoint;
    checkpoint.step = step_;
    checkpoint.tensors = trainer_.state();
    if (job_.constraint != nullptr) {
      for (const auto& [name, tensor] : job_.constraint->state()) {
        checkpoint.tensors[kConstraintPrefix + name] = tensor;
      }
    }
    checkpoint.numbers = {
        {"loss_sum", loss_sum_},
        {"loss_samples", static_cast<double>(loss_samples_)},
        {"epoch_seconds", epoch_seconds_},
        {"seconds", elapsed()},
        {"total_steps", static_cast<double>(total_steps_)},
        {"plateau_count", static_cast<double>(schedule_.state().without_improvement)},
        {"plateau_scale", schedule_.state().scale}};
    if (watcher_.on_save) {
      std::map<std::string, double> numbers;
      watcher_.on_save(numbers);
      for (const auto& [name, value] : numbers) checkpoint.numbers[kWatcherPrefix + name] = value;
    }
    best_.save(checkpoint);
    checkpoint.texts = {{"data", fingerprint_.content}, {"data_times", fingerprint_.times}};
    checkpoint.texts[kKeptKernels] = kept_kernels();
    for (const auto& [name, value] : job_.settings) checkpoint.texts[kSettingPrefix + name] = value;
    try {
      save_checkpoint(run_.file("checkpoints"), checkpoint, job_.train.checkpoint.keep_last);
      saved_step_ = step_;
    } catch (const Error& error) {
      warn("no checkpoint: " + error.first().text());
    }
  }

  void resume() {
    std::vector<std::string> warnings;
    remove_orphans(run_.path());
    const auto checkpoint = load_newest_checkpoint(run_.file("checkpoints"), warnings);
    for (const std::string& warning : warnings) warn(warning);
    if (!checkpoint) {
      warn("no checkpoint yet; starting at step 0");
      return;
    }
    check_same(*checkpoint);
    for (const std::string& text : take_kept_kernels(checkpoint->texts)) warn(text);
    trainer_.make_plan();
    trainer_.load_state(checkpoint->tensors);
    if (job_.constraint != nullptr) {
      job_.constraint->load_state(with_prefix(checkpoint->tensors, kConstraintPrefix));
    }
    step_ = saved_step_ = checkpoint->step;
    loss_sum_ = checkpoint->number("loss_sum");
    loss_samples_ = static_cast<int64_t>(checkpoint->number("loss_samples"));
    epoch_seconds_ = checkpoint->number("epoch_seconds");
    earlier_seconds_ = checkpoint->number("seconds");
    schedule_.load_state({static_cast<int64_t>(checkpoint->number("plateau_count")),
                          checkpoint->number("plateau_scale")});
    best_.load(*checkpoint, trainer_.snapshot());
    result_.stopped_early = best_.out_of_patience();
    check_length(*checkpoint);
    if (watcher_.on_resume) {
      watcher_.on_resume(step_, with_prefix(checkpoint->numbers, kWatcherPrefix));
    }
  }

  void check_same(const Checkpoint& checkpoint) const {
    const std::string where = run_.path().string();
    check_same_settings(with_prefix(checkpoint.texts, kSettingPrefix), job_.settings, where);
    const auto text = [&](const char* name) {
      const auto found = checkpoint.texts.find(name);
      return found == checkpoint.texts.end() ? std::string() : found->second;
    };
    if (text("data") != fingerprint_.content) {
      throw_input(where, "the data changed since the run was started",
                  "the same files, in size and content", "bring them back, or start a new run");
    }
    if (text("data_times") != fingerprint_.times) {
      warn(
          "data: source files have other times than at the checkpoint; size and ends are the same");
    }
  }

  void check_length(const Checkpoint& checkpoint) const {
    const auto before = checkpoint.numbers.find("total_steps");
    const std::string change = check_resumed_length(
        {.done = checkpoint.step,
         .before = before == checkpoint.numbers.end() ? total_steps_  // of an older version
                                                      : static_cast<int64_t>(before->second),
         .now = total_steps_,
         .steps_per_epoch = steps_per_epoch_,
         .stopped_early = result_.stopped_early},
        job_.train, run_.path().string());
    if (!change.empty()) warn("train: " + change);
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
    result_.saved_step = saved_step_;
    if (best_.exists()) {
      result_.program = best_.program();
      result_.best_step = best_.step();
      result_.validation = best_.metrics();
    } else if (!result_.interrupted ||
               (job_.data.validation == nullptr && step_ > 0 && all_finite(trainer_.state()))) {
      result_.program = trainer_.snapshot();
      result_.best_step = step_;
    }
  }

  const FitJob& job_;
  const RunFolder& run_;
  const FitWatcher& watcher_;
  int64_t rows_, smallest_, steps_per_epoch_, total_steps_, checkpoint_steps_ = 1;
  Trainer trainer_;
  Schedule schedule_;
  std::vector<std::string> metric_names_;
  BestModel best_;
  std::optional<EpochEvaluation> evaluation_;
  Fingerprint fingerprint_;
  FitResult result_;
  int64_t step_ = 0, saved_step_ = 0, skipped_ = 0, loss_samples_ = 0;
  double loss_sum_ = 0, epoch_seconds_ = 0, earlier_seconds_ = 0;
  Clock::time_point start_ = Clock::now();
};

}  // namespace

FitResult fit(const FitJob& job, const RunFolder& run, const FitWatcher& watcher) {
  check_job(job);
  if (job.train.deterministic_kernels) pin_kernels("default");
  return Fit(job, run, watcher).run();
}

}  // namespace maas
