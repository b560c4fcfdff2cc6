// From a model and a config to what a verb works on; shared by the verbs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config_places.h"
#include "model/model.h"
#include "train/experiment.h"

namespace maas {

struct PlacedExperiment {
  Experiment experiment;
  ConfigPlaces places;  // where its settings were written: for with_places()
};

// The experiment that a model remembers, or the one in `config_file` if given, with overrides.
// Throws Error{kUsage} when there is neither.
PlacedExperiment experiment_of(const Model& model, const std::string& config_file,
                               const std::vector<std::string>& overrides);

// The data specification of a model; for a stranger's model the one that the data suggest.
DataSpec data_spec_of(const Model& model, const Experiment& experiment);

// Sets libtorch's threads: `wanted`, or the usable cores for 0. Call before the first operator.
void set_threads(int64_t wanted);

}  // namespace maas
