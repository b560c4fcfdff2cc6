#include "train/folds.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/throw_error.h"
#include "data/batches.h"
#include "evaluate/evaluate.h"
#include "program/average.h"
#include "record/run_folder.h"
#include "tensor/random.h"
#include "train/epoch_batches.h"
#include "train/smallest_batch.h"

namespace maas {
namespace {

constexpr uint64_t kFoldStream = ~uint64_t{0} - 2;  // beside those of split_rows.cpp

void check_folds(const FitJob& job) {
  const int64_t rows = job.data.train->size();
  const char* setting = "train.folds";
  if (job.data.validation != nullptr) {
    throw_usage(setting, "is set beside a validation split", "one of them: the folds validate",
                "set data.validation=0, or train.folds=0");
  }
  if (!job.data_config.group.empty() || !job.data_config.order.empty()) {
    throw_usage(setting, "is set beside data.group or data.order", "rows that may be in any fold",
                "set train.folds=0 and data.validation=0.1");
  }
  if (job.objective || job.constraint != nullptr || job.program.outputs.size() != 1) {
    throw_usage(setting, "is set for a network that is not trained by itself, or has more outputs",
                "a network with one output", "set train.folds=0 and data.validation=0.1");
  }
  if (rows < 2 * job.train.folds) {
    throw_usage(setting, fmt::format("{} folds of {} rows", job.train.folds, rows),
                "two rows a fold",
                fmt::format("set train.folds={}", std::max<int64_t>(rows / 2, 2)));
  }
}

class FoldedFit {
 public:
  FoldedFit(const FitJob& job, const RunFolder& run, const FitWatcher& watcher)
      : job_(job), run_(run), watcher_(watcher) {
    const at::Tensor all = at::arange(job.data.train->size(), at::kLong);
    folds_ = assign_folds(job.data.train->targets(all), job.train.folds, job.seed);
    count_steps(job_of(job.train.folds - 1, false));  // the last fold leaves most rows
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
      result_.program = averaged(members);
      finish(static_cast<int64_t>(members.size()));
    }
    return std::move(result_);
  }

 private:
  void count_steps(const FitJob& part) {
    const int64_t rows = part.data.train->size();
    const int64_t an_epoch =
        EpochBatches{.samples = part.data.train,
                     .order = BatchOrder::in_order(rows, part.train.batch_size),
                     .augments = {},
                     .smallest = smallest_batch(part.program)}
            .steps();
    slot_ = part.train.steps ? std::max<int64_t>(1, in_steps(*part.train.steps, an_epoch, 0))
                             : part.train.epochs * an_epoch;
    epochs_ = (slot_ + an_epoch - 1) / an_epoch;
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

  at::Tensor rows_of(int64_t fold) const { return folds_.eq(fold).nonzero().view(-1); }

  FitJob job_of(int64_t fold, bool begun) const {
    FitJob part = job_;
    part.train.folds = 0;
    part.resume = job_.resume && begun;
    part.seed = mix_seed(job_.seed, fmt::format("fold {}", fold + 1));
    if (job_.network_of) part.program = job_.network_of(part.seed);
    part.data.train = subset(job_.data.train, folds_.ne(fold).nonzero().view(-1));
    part.data.validation = subset(job_.data.train, rows_of(fold));
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
      const int64_t left = job_.train.folds - fold;
      StepNews all = news;
      all.seconds += result_.seconds;
      all.step += result_.steps, all.total_steps = result_.steps + left * slot_;
      all.epoch += result_.epochs, all.epochs = result_.epochs + left * epochs_;
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
    const at::Tensor rows = rows_of(fold);
    if (!all_.outputs.defined()) {
      all_ = own;
      const auto size = [&](const at::Tensor& tensor) {
        std::vector<int64_t> shape = tensor.sizes().vec();
        shape[0] = folds_.size(0);
        return at::empty(shape, tensor.options());
      };
      all_.outputs = size(own.outputs), all_.targets = size(own.targets);
    }
    all_.outputs.index_copy_(0, rows, own.outputs);
    all_.targets.index_copy_(0, rows, own.targets);
  }

  // `folds`: how many have an answer.
  void finish(int64_t folds) {
    if (folds < job_.train.folds) {
      const at::Tensor rows = folds_.lt(folds).nonzero().view(-1);
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
  at::Tensor folds_;
  FitResult result_;
  Predictions all_;
  int64_t slot_ = 0, epochs_ = 0;  // steps and epochs of a fold that does not stop early
};

}  // namespace

at::Tensor assign_folds(const at::Tensor& targets, int64_t folds, uint64_t seed) {
  const int64_t rows = targets.size(0);
  const at::Tensor drawn = permutation(rows, seed, kFoldStream);
  std::vector<int64_t> order(drawn.const_data_ptr<int64_t>(),
                             drawn.const_data_ptr<int64_t>() + rows);
  if (targets.dim() == 1 && targets.scalar_type() == at::kLong) {
    const at::Tensor classes = targets.contiguous();
    const auto* label = classes.const_data_ptr<int64_t>();
    std::stable_sort(order.begin(), order.end(),
                     [label](int64_t a, int64_t b) { return label[a] < label[b]; });
  }
  at::Tensor out = at::empty({rows}, at::kLong);
  for (int64_t i = 0; i < rows; ++i) {
    out.mutable_data_ptr<int64_t>()[order[static_cast<size_t>(i)]] = i % folds;
  }
  return out;
}

FitResult fit_folds(const FitJob& job, const RunFolder& run, const FitWatcher& watcher) {
  check_folds(job);
  return FoldedFit(job, run, watcher).run();
}

}  // namespace maas
