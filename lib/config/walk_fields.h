// Every setting that a config struct declares, by its dotted key.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/fields.h"

namespace maas {

// Calls visit("train.optimizer.momentum", field) for every setting below `root` in declaration
// order, sections before what is in them; items of a list are visited once, as "layers.N". Empty
// lists are filled and emptied again to learn what their items take.
void walk_fields(const SectionRef& root,
                 const std::function<void(const std::string& key, const Field& field)>& visit);

// Every dotted key, in order, for completion and suggestions.
std::vector<std::string> config_keys(const SectionRef& root);

// "data.augment.0.shift" -> "data.augment.N.shift".
std::string with_any_index(const std::string& key);

// "a.b"; just `name` when `path` is empty.
std::string join_key(const std::string& path, const std::string& name);

}  // namespace maas
