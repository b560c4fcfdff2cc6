// From a config, and a model to go on from, to the job of a training loop
#pragma once

#include "model/model.h"
#include "train/experiment.h"
#include "train/fit.h"
#include "zoo/build_model.h"

namespace maas {

// How a network is built for this experiment's data, or somebody's network is fitted to them.
BuildOptions build_options(const Experiment& experiment);

// What a job goes on from; nothing is owned.
struct JobParents {
  const Model* network = nullptr;  // to train further; null = one is built
  std::string network_name = {};   // in messages
  // Whose data specification (statistics, categories, labels) is kept; null = the network's.
  const Model* data = nullptr;
};

// Opens the data and builds the network, or takes the parent's and fits it to the data, with a new
// last layer as model.head says. Warnings of the data are in FitJob::data; FitJob::notes tells what
// was done to the parent's network and what of it learns. Throws what check_experiment(),
// open_data(), build_model(), with_new_head(), adopt_model() and check_job() throw.
FitJob make_job(const Experiment& experiment, const JobParents& parents = {});

// For what trains a network that exists, or one beside a teacher: without train.folds; a part as
// large as a fold validates where the config has no validation split. `notes` is told.
Experiment with_one_fold(Experiment experiment, std::vector<std::string>& notes);

// The same for a network that is there already (pruned, say) and whose data are `parent`'s.
FitJob make_job_for(const Experiment& experiment, const Model& parent, Program network);

}  // namespace maas
