// Every path to an input that a config names
#pragma once

#include <functional>
#include <string>

#include "config/fields.h"

namespace maas {

// Calls visit("data.train.path", path) for each InputPath below `root` in declaration order, those
// of lists as "inputs.0", "layers.0.file"; `visit` may change it. Paths that were not given ("")
// are left out, those whose only_for does not hold are not.
void for_each_input_path(const SectionRef& root,
                         const std::function<void(const std::string& key, InputPath& path)>& visit);

}  // namespace maas
