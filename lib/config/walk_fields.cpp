#include "config/walk_fields.h"

#include <algorithm>

namespace maas {
namespace {

using Visit = std::function<void(const std::string& key, const Field& field)>;

void walk(const SectionRef& section, const std::string& path, const Visit& visit) {
  Fields fields;
  section.describe(fields);
  for (const auto& field : fields.list) {
    const std::string key = join_key(path, field->name);
    visit(key, *field);
    if (const auto* inner = std::get_if<SectionRef>(&field->target)) {
      walk(*inner, key, visit);
    } else if (const auto* list = std::get_if<SectionListRef>(&field->target)) {
      const int64_t count = list->size();
      if (count == 0) list->resize(1);
      walk({nullptr, [&](Fields& item) { list->describe(0, item); }}, key + ".N", visit);
      list->resize(count);
    }
  }
}

}  // namespace

void walk_fields(const SectionRef& root, const Visit& visit) { walk(root, "", visit); }

std::vector<std::string> config_keys(const SectionRef& root) {
  std::vector<std::string> keys;
  walk_fields(root, [&](const std::string& key, const Field&) { keys.push_back(key); });
  return keys;
}

std::string with_any_index(const std::string& key) {
  std::string shown;
  for (size_t start = 0; start <= key.size();) {
    const size_t dot = std::min(key.find('.', start), key.size());
    const std::string part = key.substr(start, dot - start);
    const bool is_index = !part.empty() && part.find_first_not_of("0123456789") == part.npos;
    shown += (start == 0 ? "" : ".") + (is_index ? "N" : part);
    start = dot + 1;
  }
  return shown;
}

std::string join_key(const std::string& path, const std::string& name) {
  return path.empty() ? name : path + "." + name;
}

}  // namespace maas
