#include "config/flatten_config.h"

#include "config/describe_field.h"

namespace maas {
namespace {

using Settings = std::map<std::string, std::string>;

void flatten(const SectionRef& section, const std::string& prefix, Settings& settings) {
  Fields fields;
  section.describe(fields);
  for (const auto& field : fields.list) {
    if (!is_written(*field, fields)) continue;
    const std::string name = prefix + field->name;
    if (const auto* inner = std::get_if<SectionRef>(&field->target)) {
      flatten(*inner, name + ".", settings);
    } else if (const auto* items = std::get_if<SectionListRef>(&field->target)) {
      for (int64_t i = 0; i < items->size(); ++i) {
        flatten({nullptr, [&](Fields& item) { items->describe(i, item); }},
                name + "." + std::to_string(i) + ".", settings);
      }
    } else {
      settings[name] = value_text(*field);
    }
  }
}

}  // namespace

Settings flatten_config(const SectionRef& root) {
  Settings settings;
  flatten(root, "", settings);
  return settings;
}

}  // namespace maas
