// A config struct -> YAML or JSON with every default filled in; reading it back gives the same
// struct.
#pragma once

#include <string>

#include "config/fields.h"

namespace maas {

// Block style, keys in declaration order; fields whose only_for does not hold are left out, so are
// optionals without a value and empty InputPaths. With `comments`, each line ends with its doc.
struct WriteConfigOptions {
  bool comments = false;
};
std::string write_config(const SectionRef& root, const WriteConfigOptions& options = {});

template <class T>
std::string write_config(T& config, const WriteConfigOptions& options = {}) {
  return write_config(section_of(config), options);
}

// The same settings as a JSON object, which reads back as a config, too.
std::string write_config_json(const SectionRef& root);

}  // namespace maas
