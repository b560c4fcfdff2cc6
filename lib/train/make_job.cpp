#include "train/make_job.h"

#include <fmt/format.h>

#include "data/open_data.h"
#include "evaluate/evaluate.h"
#include "tensor/random.h"
#include "train/check_job.h"
#include "train/run_settings.h"
#include "zoo/adopt_model.h"

namespace maas {
namespace {

// All but the network.
FitJob job_with_data(const Experiment& experiment, const Model* parent) {
  check_experiment(experiment);
  FitJob job;
  job.seed = static_cast<uint64_t>(experiment.seed);
  const DataSpec* known =
      parent != nullptr && parent->manifest.data ? &*parent->manifest.data : nullptr;
  job.data = open_data(experiment.data, job.seed, known);
  job.data_config = experiment.data;
  job.train = experiment.train;
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
  FitJob job = job_with_data(experiment, parents.data != nullptr ? parents.data : network);
  job.data.warnings.insert(job.data.warnings.end(), notes.begin(), notes.end());
  const BuildOptions build = build_options(experiment);
  if (network != nullptr) {
    job.program = adopt_model(network->program, job.data.spec, build, parents.network_name);
    keep_scales(*network, job.data.spec);
  } else {
    job.network_of = [model = experiment.model, spec = job.data.spec, build](uint64_t seed) {
      BuildOptions own = build;
      own.seed = mix_seed(seed, "init");
      return build_model(model, spec, own);
    };
    job.program = build_model(experiment.model, job.data.spec, build);
  }
  check_job(job);
  return job;
}

FitJob make_job_for(const Experiment& experiment, const Model& parent, Program network) {
  std::vector<std::string> notes;
  FitJob job = job_with_data(with_one_fold(experiment, notes), &parent);
  job.data.warnings.insert(job.data.warnings.end(), notes.begin(), notes.end());
  job.program = std::move(network);
  keep_scales(parent, job.data.spec);
  check_job(job);
  return job;
}

}  // namespace maas
