#include "train/folds.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"
#include "data/batches.h"
#include "evaluate/evaluate.h"
#include "program/average.h"
#include "record/run_folder.h"
#include "tensor/random.h"
#include "train/epoch_batches.h"
#include "train/fold_rows.h"
#include "train/smallest_batch.h"

namespace maas {
namespace {

void check_folds(const FitJob& job) {
  const char* setting = "train.folds";
  if (job.data.validation != nullptr) {
    throw_usage(setting, "is set beside a validation split", "one of them: the folds validate",
                "set data.validation=0, or train.folds=0");
  }
  if (job.objective || job.constraint != nullptr || job.program.outputs.size() != 1) {
    throw_usage(setting, "is set for a network that is not trained by itself, or has more outputs",
                "a network with one output", "set train.folds=0 and data.validation=0.1");
  }
}

class FoldedFit {
 public:
  FoldedFit(const FitJob& job, const RunFolder& run, const FitWatcher& watcher)
      : job_(job), run_(run), watcher_(watcher) {
    std::vector<std::string> warnings;
    rows_ = fold_rows(job.data, job.train.folds, job.seed, warnings);
    for (const std::string& warning : warnings) {
      if (watcher.on_warning) watcher.on_warning(warning);
    }
    for (int64_t fold = job.train.folds; fold-- > 0;) count_steps(fold);
  }

  FitResult run() {
    const int64_t last_begun = last_begun_fold();
    std::vector<Program> members;
    for (int64_t fold = 0; fold < job_.train.folds; ++fold) {
      const bool begun = holds_run(folder_of(fold));
      const FitJob part = job_of(fold, begun);
      const RunFolder folder(
          {.folder = folder_of(fold), .name = job_.data_config.label, .resume = begun});
      FitResult done = fit(part, folder, watcher_of(fold, fold == last_begun));
      add(done);
      if (!done.interrupted) tell(fold, done);
      if (done.has_program()) {
        collect(fold, part, done.program);
        members.push_back(std::move(done.program));
      }
      if (done.interrupted) break;
    }
    if (!members.empty()) {
      result_.program = members.size() == 1 ? members[0] : averaged(members);
      finish(static_cast<int64_t>(members.size()));
    }
    return std::move(result_);
  }

 private:
  // From the last fold to the first.
  void count_steps(int64_t fold) {
    const auto samples = subset(job_.data.train, rows_.learning(fold));
    const int64_t rows = samples->size();
    const int64_t an_epoch =
        EpochBatches{.samples = samples,
                     .order = BatchOrder::in_order(rows, std::min(job_.train.batch_size, rows)),
                     .augments = {},
                     .smallest = smallest_batch(job_.program)}
            .steps();
    const int64_t steps = job_.train.steps
                              ? std::max<int64_t>(1, in_steps(*job_.train.steps, an_epoch, 0))
                              : job_.train.epochs * an_epoch;
    const Length after = left_.empty() ? Length{} : left_.front();
    left_.insert(left_.begin(),
                 {after.steps + steps, after.epochs + (steps + an_epoch - 1) / an_epoch});
  }

  std::filesystem::path folder_of(int64_t fold) const {
    return run_.file("folds") / std::to_string(fold + 1);
  }

  int64_t last_begun_fold() const {
    int64_t last = -1;
    for (int64_t fold = 0; job_.resume && fold < job_.train.folds; ++fold) {
      if (holds_run(folder_of(fold))) last = fold;
    }
    return last;
  }

  FitJob job_of(int64_t fold, bool begun) const {
    FitJob part = job_;
    part.train.folds = 0;
    part.resume = job_.resume && begun;
    part.seed = mix_seed(job_.seed, fmt::format("fold {}", fold + 1));
    if (job_.network_of) part.program = job_.network_of(part.seed);
    part.data.train = subset(job_.data.train, rows_.learning(fold));
    part.data.validation = subset(job_.data.train, rows_.validating(fold));
    part.train.batch_size = std::min(job_.train.batch_size, part.data.train->size());
    return part;
  }

  // Of folds that were finished before a resumed run, the log has the rows already.
  FitWatcher watcher_of(int64_t fold, bool resumes_here) {
    FitWatcher watcher = watcher_;
    if (!resumes_here) watcher.on_resume = {};
    if (watcher_.on_resume && resumes_here) {
      watcher.on_resume = [this](int64_t step, const auto& numbers) {
        watcher_.on_resume(result_.steps + step, numbers);
      };
    }
    watcher.on_step = [this, fold](const StepNews& news) {
      const Length& left = left_[static_cast<size_t>(fold)];
      StepNews all = news;
      all.seconds += result_.seconds;
      all.step += result_.steps, all.total_steps = result_.steps + left.steps;
      all.epoch += result_.epochs, all.epochs = result_.epochs + left.epochs;
      all.passes += static_cast<double>(result_.epochs);
      all.fold = fold + 1, all.folds = job_.train.folds;
      if (watcher_.on_step) watcher_.on_step(all);
    };
    watcher.on_epoch = [this, fold](const EpochNews& news) {
      EpochNews all = news;
      all.run_seconds += result_.seconds;
      all.step += result_.steps, all.epoch += result_.epochs;
      all.passes += static_cast<double>(result_.epochs);
      all.fold = fold + 1, all.folds = job_.train.folds;
      if (watcher_.on_epoch) watcher_.on_epoch(all);
    };
    return watcher;
  }

  void add(const FitResult& done) {
    if (done.saved_step > 0) result_.saved_step = result_.steps + done.saved_step;
    result_.steps += done.steps;
    result_.epochs += done.epochs;
    result_.seconds += done.seconds;
    result_.interrupted = done.interrupted;
    result_.stopped_early = result_.stopped_early || done.stopped_early;
  }

  void tell(int64_t fold, const FitResult& done) const {
    if (!watcher_.on_fold) return;
    watcher_.on_fold({.fold = fold + 1,
                      .folds = job_.train.folds,
                      .epochs = done.epochs,
                      .best_epoch = done.steps > 0 ? done.best_step * done.epochs / done.steps : 0,
                      .validation = done.validation});
  }

  void collect(int64_t fold, const FitJob& part, const Program& program) {
    const Predictions own =
        evaluate(program, *part.data.validation, part.data.spec.task, part.eval).predictions;
    const at::Tensor rows = rows_.validating(fold);
    if (!all_.outputs.defined()) {
      all_ = own;
      const auto size = [&](const at::Tensor& tensor) {
        std::vector<int64_t> shape = tensor.sizes().vec();
        shape[0] = rows_.fold.size(0);
        return at::empty(shape, tensor.options());
      };
      all_.outputs = size(own.outputs), all_.targets = size(own.targets);
    }
    all_.outputs.index_copy_(0, rows, own.outputs);
    all_.targets.index_copy_(0, rows, own.targets);
  }

  // `folds`: how many have an answer.
  void finish(int64_t folds) {
    const at::Tensor rows = rows_.validated(folds);
    if (rows.size(0) < rows_.fold.size(0)) {
      all_.outputs = all_.outputs.index_select(0, rows);
      all_.targets = all_.targets.index_select(0, rows);
      result_.out_of_fold_rows = rows;
    }
    std::vector<std::string> names = job_.eval.metrics;
    if (names.empty()) names = default_metrics(job_.data.spec.task.kind);
    result_.validation = compute_metrics(all_, names).values;
    result_.out_of_fold = std::move(all_);
    result_.best_step = result_.steps;
  }

  const FitJob& job_;
  const RunFolder& run_;
  const FitWatcher& watcher_;
  FoldRows rows_;
  FitResult result_;
  Predictions all_;
  struct Length {
    int64_t steps = 0, epochs = 0;
  };
  std::vector<Length> left_;  // by fold: from it on, where none stops early
};

}  // namespace

FitResult fit_folds(const FitJob& job, const RunFolder& run, const FitWatcher& watcher) {
  check_folds(job);
  return FoldedFit(job, run, watcher).run();
}

}  // namespace maas
