// The settings that decide a run's bits: a resumed run must share them with its beginning.
#pragma once

#include <map>
#include <string>

#include "train/experiment.h"

namespace maas {

using RunSettings = std::map<std::string, std::string>;  // by dotted name, "train.batch_size"

// All but those that may change between start and resume: output_dir, train.threads,
// train.log_every, train.checkpoint, data.prefetch, data.cache; train.epochs and train.steps may,
// too, as far as resumed_length.h says, but are of interest. Of a path only the last part counts,
// since data may move; whether they are the same data is the fingerprint's question.
RunSettings run_settings(const Experiment& experiment);

// Throws Error{kUsage} with a table of the settings that differ. A setting that the run was started
// without, by an older version, counts as set_older_defaults() has it. `where` names the run.
void check_same_settings(const RunSettings& written, const RunSettings& now,
                         const std::string& where);

}  // namespace maas
