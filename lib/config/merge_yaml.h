// Several config trees -> one.
#pragma once

#include <string>

#include "config/fields.h"
#include "config/yaml_document.h"

namespace maas {

// Turns each bare scalar that stands for {shorthand key: scalar} into that map, so that a config
// and its override merge whichever way each of them is written. Lists of `section` that are empty
// are filled and emptied again to learn what their items take.
void expand_shorthands(YamlNode& tree, const SectionRef& section);

// Puts `over` onto `base`: maps merge deeply, lists, scalars and {} replace. A map with numbers as
// keys changes those items of a list; the number after the last appends. An index beyond is a
// finding.
void merge_yaml(YamlNode& base, YamlNode over, Findings& findings);

// The same for two configs of `section`: what `over` gives also takes the place of what excludes it
// in `base` (Field::instead_of).
void merge_config(YamlNode& base, YamlNode over, const SectionRef& section, Findings& findings);

// "a.b=value" -> {a: {b: value}}; the value is YAML in flow style. Nothing, and a finding, when it
// cannot be read. `order` is 1 for the first override.
std::optional<YamlNode> parse_override(const std::string& text, int order, Findings& findings);

}  // namespace maas
