// A config struct -> its settings by dotted name, for comparing two configs.
#pragma once

#include <map>
#include <string>

#include "config/fields.h"

namespace maas {

// "train.optimizer.type" -> "adamw", for every setting that write_config would write, with its
// value as YAML in flow style. Items of a list of sections are "data.augment.0.shift".
std::map<std::string, std::string> flatten_config(const SectionRef& root);

template <class T>
std::map<std::string, std::string> flatten_config(T& config) {
  return flatten_config(SectionRef{&config, [&](Fields& fields) { config.describe(fields); }});
}

}  // namespace maas
