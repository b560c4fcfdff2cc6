// YAML file + command-line overrides -> a checked config struct; every problem in one pass.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "config/config_places.h"
#include "config/fields.h"

namespace maas {

// Where the values come from.
struct ConfigSource {
  // YAML that lies below all of it, such as what a model remembers; "" = none.
  std::string base = {};
  std::string base_name = "base";    // what to call it in messages
  std::filesystem::path file = {};   // "-" = stdin; "" = `text` is used
  std::string text = {};             // YAML, when `file` is empty
  std::string text_name = "config";  // what to call `text` in messages
  // Where relative paths in `base` and `text` count from; "" = the working directory.
  std::filesystem::path folder = {};
  // "train.epochs=3", in order; later wins. "train.epochs=null" (or ~) takes a setting back: it has
  // its default, whatever the files say.
  std::vector<std::string> overrides = {};
};

// Reads the file (at most 1 MiB, UTF-8, one document, no aliases, no tags, no duplicate keys,
// depth <= 64), merges what its top-level `extends: other.yaml` names (maps merge deeply, lists and
// scalars replace, the later file wins, cycles are errors), applies overrides and fills `root`.
// Throws Error{kUsage} holding up to 20 problems, each file:line:column with caret and, for
// unknown names, a suggestion; overrides say "command line". Error{kInput} when the file is absent.
// Fields of sections that were not given keep their defaults. A required field that is missing
// names the section's place.
// Returns where each setting was written.
ConfigPlaces read_config(const ConfigSource& source, const SectionRef& root);

template <class T>
T read_config(const ConfigSource& source) {
  T config;
  read_config(source, section_of(config));
  return config;
}

}  // namespace maas
