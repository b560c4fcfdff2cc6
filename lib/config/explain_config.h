// A config struct -> help text, and -> JSON Schema (draft 2020-12) for editors.
#pragma once

#include <string>

#include "config/fields.h"

namespace maas {

// The settings below `key` ("" = all, "train", "train.optimizer", "train.optimizer.momentum"):
// one line each with type, default, bounds or choices, when it applies, doc. Throws Error{kUsage}
// with a suggestion when there is no such key.
std::string explain_config(const SectionRef& root, const std::string& key);

// The same as a JSON array: {"key", "takes", "default" (YAML; null for sections and what is
// required), "required", "meaning", "only_with": {selector: [its values]}}.
std::string explain_config_json(const SectionRef& root, const std::string& key);

// additionalProperties is false everywhere; only_for is said in the description.
std::string config_json_schema(const SectionRef& root, const std::string& title);

}  // namespace maas
