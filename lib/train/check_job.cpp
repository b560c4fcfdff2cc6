#include "train/check_job.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "base/throw_error.h"
#include "evaluate/metrics.h"
#include "evaluate/top_k.h"
#include "program/last_layer.h"
#include "train/loss.h"
#include "train/smallest_batch.h"
#include "train/trained_parameters.h"

namespace maas {
namespace {

void check_samples(const FitJob& job) {
  const int64_t rows = job.data.train->size();
  if (job.train.batch_size < smallest_batch(job.program)) {
    throw_usage("train.batch_size", "is 1, and the network has a batch norm over its rows",
                "at least 2: one row has no variance", "set train.batch_size=2, or more");
  }
  if (rows >= job.train.batch_size) return;
  throw Error(
      ErrorKind::kInput,
      {.where = "data.train",
       .what = fmt::format("{} samples are left for training", rows),
       .expected = fmt::format("at least one batch of {} (train.batch_size)", job.train.batch_size),
       .fix = fmt::format("give more data, or set train.batch_size={}", rows)});
}

void check_validation(const FitJob& job) {
  if (job.data.validation != nullptr || job.train.folds > 0) return;
  const char* what = "is set without a validation split";
  if (job.train.early_stop.patience > 0) {
    throw_usage("train.early_stop.patience", what, "a split to watch",
                "set data.validation=0.1, or train.early_stop.patience=0");
  }
  if (job.train.schedule.type == "plateau") {
    throw_usage("train.schedule.type: plateau", what, "a split to watch",
                "set data.validation=0.1, or choose another schedule");
  }
}

void check_threshold(const FitJob& job) {
  if (job.eval.threshold == "none") return;
  if (job.data.spec.task.kind == TaskKind::kRegression) {
    throw_usage("eval.threshold: tune", "is set for a regression", "labels to answer",
                "leave eval.threshold out");
  }
  if (job.data.validation != nullptr || job.train.folds > 0) return;
  throw_usage("eval.threshold: tune", "is set without rows that the network has not learnt from",
              "a validation split, or folds", "set data.validation=0.2, or train.folds=5");
}

void check_metrics(const FitJob& job) {
  const TaskSpec& task = job.data.spec.task;
  std::vector<std::string> names = job.eval.metrics;
  check_metric_names(names, task.kind, "eval.metrics");
  if (const std::string& watched = job.train.early_stop.metric; !watched.empty()) {
    check_metric_names({watched}, task.kind, "train.early_stop.metric");
    names.push_back(watched);
  }
  for (const std::string& name : names) {
    if (top_k_of(name) <= task.outputs()) continue;
    throw_usage("eval.metrics", fmt::format("'{}' of {} classes", name, task.outputs()),
                fmt::format("at most top_{}", task.outputs()), "take a smaller number");
  }
}

void check_body_rate(const FitJob& job) {
  if (!job.train.body_learning_rate) return;
  const std::vector<std::string>& freeze = job.train.freeze;
  if (std::find(freeze.begin(), freeze.end(), "backbone") != freeze.end()) {
    throw_usage("train.body_learning_rate", "is set beside train.freeze: backbone",
                "one of them: what is frozen learns at no rate",
                "set train.body_learning_rate=null to keep them frozen, or train.freeze=[]");
  }
  find_last_layer(job.program, "train.body_learning_rate: the network");
}

}  // namespace

void check_job(const FitJob& job) {
  check_samples(job);
  const OptimizerConfig& optimizer = job.train.optimizer;
  if (optimizer.type == "sgd" && optimizer.nesterov && optimizer.momentum == 0) {
    throw_usage("train.optimizer.nesterov", "is set without momentum",
                "train.optimizer.momentum above 0", "set momentum: 0.9, or nesterov: false");
  }
  check_schedule(job.train);
  check_freeze(job.program, job.train.freeze);
  check_body_rate(job);
  check_validation(job);
  check_metrics(job);
  check_threshold(job);
  check_loss(job.train.loss, job.data.spec.task);
}

}  // namespace maas
