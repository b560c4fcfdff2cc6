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

BuildOptions build_options(const Experiment& experiment) {
  return {.seed = mix_seed(static_cast<uint64_t>(experiment.seed), "init"),
          .normalize = normalize_of(experiment.data.normalize),
          .embed_categories = experiment.data.categorical == "embedding"};
}

FitJob make_job(const Experiment& experiment, const JobParents& parents) {
  const Model* network = parents.network;
  FitJob job = job_with_data(experiment, parents.data != nullptr ? parents.data : network);
  const BuildOptions build = build_options(experiment);
  if (network != nullptr) {
    job.program = adopt_model(network->program, job.data.spec, build, parents.network_name);
    keep_scales(*network, job.data.spec);
  } else {
    job.program = build_model(experiment.model, job.data.spec, build);
  }
  check_job(job);
  return job;
}

FitJob make_job_for(const Experiment& experiment, const Model& parent, Program network) {
  FitJob job = job_with_data(experiment, &parent);
  job.program = std::move(network);
  keep_scales(parent, job.data.spec);
  check_job(job);
  return job;
}

}  // namespace maas
