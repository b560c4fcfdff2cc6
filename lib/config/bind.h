// A YAML tree -> the fields of a struct, with every problem noted on the way.
#pragma once

#include <string>
#include <vector>

#include "config/fields.h"
#include "config/yaml_document.h"

namespace maas {

// Fills `section` from `node` (a map). Problems are appended, in document order; fields with a
// problem keep their defaults. `path` is the dotted name of the section, "" for the root.
void bind_section(const YamlNode& node, const SectionRef& section, const std::string& path,
                  std::vector<Problem>& problems);

// "1 to 65536", "at least 0", "one of sgd, adam", "true or false", ...: what a field takes.
std::string allowed_text(const Field& field);

// The field's present value as YAML text, for "default" in messages and help.
std::string value_text(const Field& field);

// The selector holds for this field, given its siblings' present values.
bool applies(const Field& field, const Fields& siblings);

}  // namespace maas
