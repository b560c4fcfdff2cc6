#include "sources.h"

#include <ATen/Parallel.h>

#include "base/cores.h"
#include "base/throw_error.h"
#include "config/read_config.h"
#include "config_file.h"
#include "data/open_data.h"
#include "train/remembered_config.h"

namespace maas {

PlacedExperiment experiment_of(const Model& model, const std::string& config_file,
                               const std::vector<std::string>& overrides) {
  if (!config_file.empty()) {
    ConfigFile config;
    // A config that does not say how to split means what the model was trained with.
    if (!model.manifest.resolved_config.empty()) {
      config.experiment.data.split = experiment_of(model, "", {}).experiment.data.split;
    }
    ConfigPlaces places =
        read_config({.file = config_file, .overrides = overrides}, section_of(config));
    return {std::move(config.experiment), std::move(places)};
  }
  if (model.manifest.resolved_config.empty()) {
    throw_usage("model", "does not remember its data", "a config with a data section",
                "name one: `maas eval net.pt2 my.yaml`; `maas init` writes one for your data");
  }
  PlacedExperiment placed;
  set_older_defaults(placed.experiment);
  const SectionRef root = section_of(placed.experiment);
  placed.places = read_config({.text = model.manifest.resolved_config,
                               .text_name = "the model's config",
                               .folder = model.config_folder,
                               .overrides = overrides},
                              root);
  find_inputs(model, root, placed.places);
  return placed;
}

DataSpec data_spec_of(const Model& model, const Experiment& experiment) {
  if (model.manifest.data) return *model.manifest.data;
  return open_data(experiment.data, static_cast<uint64_t>(experiment.seed)).spec;
}

void set_threads(int64_t wanted) {
  at::set_num_threads(static_cast<int>(wanted > 0 ? wanted : usable_cores()));
}

}  // namespace maas
