// What the verbs that make a model from a model share: reading, and publishing.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "config/config_places.h"
#include "config_file.h"
#include "model/model.h"
#include "output.h"
#include "transform/transform.h"

namespace maas {

// In a run folder, for --resume: where the result goes, as -o or the verb had it.
inline constexpr const char* kOutputFile = "output";

// The flags of such a verb, bound by declare().
struct TransformFlags {
  std::vector<std::string> words;  // MODEL [CONFIG] [key=value ...]
  std::string output;              // -o; "" = beside the input, with a suffix
  bool force = false, keep = false, dry_run = false;
  std::string run = {};  // the folder of the learning, for --resume; "" = the verb has none
  void declare(CLI::App& app);
};

// A model and the settings to work with.
struct TransformInput {
  std::string path;
  Model model;
  ConfigFile config;  // what the model remembers, under the config file, under key=value
  ConfigPlaces places;
  bool has_data = false;  // the settings name data, or the model remembers them
  // The experiment, or null without data: for measure_job().
  const Experiment* experiment() const { return has_data ? &config.experiment : nullptr; }
};

// Throws Error{kUsage} without a model, and what load_model() and read_config() throw.
TransformInput read_transform_input(const std::vector<std::string>& words);

// A network that does not remember data gets those that the settings name: their preprocessing in
// front, as `maas train` and `maas eval` give it, and the result remembers them, with paths seen
// from the folder of `path`. Nothing happens where no data are named. To be called within the
// input's places. Throws what check_experiment(), open_data() and adopt_model() throw.
void adopt_data(TransformInput& input, const std::string& path);

// Where the result goes: `output`, or "<stem>-<suffix>.pt" beside the input. Throws Error{kUsage}
// when it exists and `force` is not set, is a folder, or is the input itself.
std::string result_path(const TransformInput& input, const TransformFlags& flags,
                        const std::string& suffix);

// Writes the model under its name and the report beside it (<stem>.report.json, .md, .html), prints
// the result. A gate that is not met throws Error{kRequirement} after the report was written; then
// no model is published unless `keep`. Sizes of files are filled into the report here.
int publish(Transformed done, const TransformInput& input, const std::string& path,
            const TransformFlags& flags, const Output& output);

}  // namespace maas
