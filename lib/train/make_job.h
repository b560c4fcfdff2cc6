// From a config, and a model to go on from, to the job of a training loop
#pragma once

#include "model/model.h"
#include "train/experiment.h"
#include "train/fit.h"
#include "zoo/build_model.h"

namespace maas {

// How a network is built for this experiment's data, or somebody's network is fitted to them.
BuildOptions build_options(const Experiment& experiment);

// Opens the data and builds the network, or takes `parent`'s and fits it to the data; `parent_name`
// names it in messages. With a parent that remembers its data, their statistics, categories and
// labels are kept. Warnings of the data are in FitJob::data. Throws what check_experiment(),
// open_data(), build_model(), adopt_model() and check_job() throw.
FitJob make_job(const Experiment& experiment, const Model* parent = nullptr,
                const std::string& parent_name = "");

// The same for a network that is there already (pruned, say) and whose data are `parent`'s.
FitJob make_job_for(const Experiment& experiment, const Model& parent, Program network);

}  // namespace maas
