#include "train/make_job.h"

#include <ATen/ops/arange.h>
#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "data/open_data.h"
#include "evaluate/evaluate.h"
#include "program/average.h"
#include "program/last_layer.h"
#include "tensor/random.h"
#include "train/check_job.h"
#include "train/learning_notes.h"
#include "train/loss.h"
#include "train/run_settings.h"
#include "zoo/adopt_model.h"
#include "zoo/new_head.h"

namespace maas {
namespace {

// All but the network.
FitJob job_with_data(const Experiment& experiment, const Model* parent,
                     Targets targets = Targets::kParents) {
  check_experiment(experiment);
  FitJob job;
  job.seed = static_cast<uint64_t>(experiment.seed);
  const DataSpec* known =
      parent != nullptr && parent->manifest.data ? &*parent->manifest.data : nullptr;
  job.data = open_data(experiment.data, job.seed, known, targets);
  job.data_config = experiment.data;
  job.train = experiment.train;
  if (!experiment.train.loss.class_weights.empty()) {
    const Dataset& rows = *job.data.train;
    job.train.loss =
        with_counted_weights(experiment.train.loss,
                             rows.targets(at::arange(rows.size(), at::kLong)), job.data.spec.task);
  }
  job.eval = experiment.eval;
  job.eval.metrics = metrics_to_compute(experiment.eval, job.data.spec.task.kind);
  check_metric_names(job.eval.metrics, job.data.spec.task.kind, "eval.metrics");
  job.settings = run_settings(experiment);
  const ScheduleConfig& schedule = experiment.train.schedule;
  if (schedule.type == "one_cycle" && schedule.warmup.value > 0) {
    job.data.warnings.push_back(
        fmt::format("train.schedule.warmup: {} is not used: one_cycle rises by itself, to its peak",
                    to_text(schedule.warmup)));
  }
  return job;
}

// A network that exists keeps its output, and with it the scale that its loss is measured in.
void keep_scales(const Model& parent, DataSpec& spec) {
  std::vector<TargetScale> scales;
  if (parent.manifest.data) scales = parent.manifest.data->task.scales;
  if (scales.size() != spec.task.labels.size()) scales.clear();
  spec.task.scales = std::move(scales);
}

// Thresholds were chosen for the outputs of another network: training chooses its own, what is
// changed or taught to answer alike keeps them.
void tell_thresholds(FitJob& job) {
  if (job.data.spec.task.thresholds.empty()) return;
  job.notes.push_back("eval.threshold: answers are by the thresholds of the model it is made from");
}

Targets targets_of(const ModelConfig& model, const JobParents& parents) {
  if (model.head == "keep" || parents.data != nullptr) return Targets::kParents;
  return model.head == "auto" ? Targets::kParentsIfSame : Targets::kOwn;
}

bool wants_new_head(const ModelConfig& model, const Model& parent, const TaskSpec& task) {
  if (model.head != "auto") return model.head == "new";
  const auto& known = parent.manifest.data;
  return !known || known->task.kind != task.kind || known->task.labels != task.labels;
}

bool tells_body_from_head(const TrainConfig& train) {
  return train.body_learning_rate ||
         std::find(train.freeze.begin(), train.freeze.end(), "backbone") != train.freeze.end();
}

// The parent's network for the job's data, and what was done to it.
void take_network(FitJob& job, const Experiment& experiment, const JobParents& parents) {
  const Model& parent = *parents.network;
  const BuildOptions build = build_options(experiment);
  Program network = parent.program;
  const int64_t folds = members_of_average(network);
  const bool new_head = wants_new_head(experiment.model, parent, job.data.spec.task);
  if (folds > 0 && (new_head || tells_body_from_head(job.train))) {
    network = first_of_average(std::move(network));
    job.notes.push_back(fmt::format(
        "model.from: of the {} networks (train.folds) the first one is trained: the mean of "
        "several has no last layer",
        folds));
  }
  if (new_head) {
    WithNewHead made =
        with_new_head(std::move(network), job.data.spec.task, build.seed, parents.network_name);
    network = std::move(made.program);
    job.notes.push_back("model.head: a new last layer, " + made.told);
  } else {
    if (experiment.model.head == "auto") {
      job.notes.push_back(
          fmt::format("model.head: the last layer stays: the network was trained for these {} {}",
                      job.data.spec.task.outputs(),
                      job.data.spec.task.kind == TaskKind::kRegression ? "targets" : "labels"));
    }
    keep_scales(parent, job.data.spec);
  }
  job.program = adopt_model(network, job.data.spec, build, parents.network_name);
  job.notes.push_back(input_note(network, job, experiment.data.normalize));
  const std::string outputs = outputs_note(job.program);
  if (!outputs.empty()) job.notes.push_back(outputs);
  const std::string scored = scored_note(job.program, job.data.spec.task.kind);
  if (!scored.empty()) job.notes.push_back("model.from: " + scored);
  for (const std::string& note : learning_notes(job.program, job.train)) job.notes.push_back(note);
}

// A network whose last layer is no longer to be found, quantized or so, learns as a whole.
void forget_the_body(const Program& network, TrainConfig& train, std::vector<std::string>& notes) {
  if (!tells_body_from_head(train)) return;
  const auto backbone = std::find(train.freeze.begin(), train.freeze.end(), "backbone");
  try {
    find_last_layer(network, "model");
  } catch (const Error& error) {
    if (backbone != train.freeze.end()) train.freeze.erase(backbone);
    train.body_learning_rate.reset();
    notes.push_back("train.freeze, train.body_learning_rate: the network as it is now " +
                    error.first().what + ": all of it learns at one rate");
  }
}

}  // namespace

Experiment with_one_fold(Experiment experiment, std::vector<std::string>& notes) {
  const int64_t folds = experiment.train.folds;
  if (folds == 0) return experiment;
  DataConfig& data = experiment.data;
  if (data.validation == 0 && !data.validation_source.given()) {
    data.validation = 1.0 / static_cast<double>(folds);
  }
  experiment.train.folds = 0;
  notes.push_back(fmt::format(
      "train.folds: {} is for the networks of maas train; here one such part validates", folds));
  return experiment;
}

BuildOptions build_options(const Experiment& experiment) {
  return {.seed = mix_seed(static_cast<uint64_t>(experiment.seed), "init"),
          .normalize = normalize_of(experiment.data.normalize),
          .embed_categories = experiment.data.categorical == "embedding"};
}

FitJob make_job(const Experiment& asked, const JobParents& parents) {
  const Model* network = parents.network;
  std::vector<std::string> notes;
  const Experiment experiment = network != nullptr ? with_one_fold(asked, notes) : asked;
  FitJob job = job_with_data(experiment, parents.data != nullptr ? parents.data : network,
                             targets_of(experiment.model, parents));
  job.data.warnings.insert(job.data.warnings.end(), notes.begin(), notes.end());
  if (network != nullptr) {
    take_network(job, experiment, parents);
  } else {
    BuildOptions build = build_options(experiment);
    build.bins = learn_numeric_bins(*job.data.train, experiment.data.numeric_bins);
    job.network_of = [model = experiment.model, spec = job.data.spec, build](uint64_t seed) {
      BuildOptions own = build;
      own.seed = mix_seed(seed, "init");
      return build_model(model, spec, own);
    };
    job.program = build_model(experiment.model, job.data.spec, build);
    job.notes = learning_notes(job.program, job.train);
  }
  if (parents.data == nullptr) job.data.spec.task.thresholds.clear();
  tell_thresholds(job);
  check_job(job);
  return job;
}

FitJob make_job_for(const Experiment& experiment, const Model& parent, Program network) {
  std::vector<std::string> notes;
  FitJob job = job_with_data(with_one_fold(experiment, notes), &parent);
  forget_the_body(network, job.train, notes);
  job.data.warnings.insert(job.data.warnings.end(), notes.begin(), notes.end());
  job.program = std::move(network);
  keep_scales(parent, job.data.spec);
  tell_thresholds(job);
  check_job(job);
  return job;
}

}  // namespace maas
