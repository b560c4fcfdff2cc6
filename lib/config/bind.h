// A YAML tree -> the fields of a struct, with every problem noted on the way.
#pragma once

#include <string>

#include "config/fields.h"
#include "config/yaml_document.h"

namespace maas {

// Fills `section` from `node` (a map whose shorthands are expanded). Fields with a problem keep
// their defaults. `path` is the dotted name of the section, "" for the root.
void bind_section(const YamlNode& node, const SectionRef& section, const std::string& path,
                  Findings& findings);

}  // namespace maas
