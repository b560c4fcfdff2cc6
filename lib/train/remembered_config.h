// The config that a model remembers: written so that it travels, read so that its data are found
#pragma once

#include <filesystem>

#include "config/config_places.h"
#include "config/fields.h"
#include "model/model.h"
#include "train/experiment.h"

namespace maas {

// Sets the model's resolved_config, and config_folder to `folder`, that of its run: every setting
// but output_dir, with paths of inputs seen from there (base/portable_path.h); of those that cannot
// be, the last part.
void remember_config(Model& model, const Experiment& experiment,
                     const std::filesystem::path& folder);

// Sets what configs lack that were written before a setting came to be, to what was done then. For
// an experiment into which such a config, of a model or a run, is to be read.
void set_older_defaults(Experiment& experiment);

// After reading resolved_config of `model`, with paths counting from its config_folder, into
// `root`: a path of an input that is still the remembered one and where nothing is becomes that of
// the resolved.yaml in config_folder, if one with the same settings lies there; the others are
// noted in `places` as lost.
void find_inputs(const Model& model, const SectionRef& root, ConfigPlaces& places);

}  // namespace maas
