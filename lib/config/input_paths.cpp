#include "config/input_paths.h"

#include "config/walk_fields.h"

namespace maas {
namespace {

using Visit = std::function<void(const std::string& key, InputPath& path)>;

void visit_given(const std::string& key, InputPath& path, const Visit& visit) {
  if (!path.path.empty()) visit(key, path);
}

void walk(const SectionRef& section, const std::string& prefix, const Visit& visit) {
  Fields fields;
  section.describe(fields);
  for (const auto& field : fields.list) {
    const std::string key = join_key(prefix, field->name);
    if (const auto* inner = std::get_if<SectionRef>(&field->target)) {
      walk(*inner, key, visit);
    } else if (const auto* list = std::get_if<SectionListRef>(&field->target)) {
      for (int64_t i = 0; i < list->size(); ++i) {
        walk({nullptr, [&](Fields& item) { list->describe(i, item); }},
             join_key(key, std::to_string(i)), visit);
      }
    } else if (auto* const* path = std::get_if<InputPath*>(&field->target)) {
      visit_given(key, **path, visit);
    } else if (auto* const* paths = std::get_if<std::vector<InputPath>*>(&field->target)) {
      for (size_t i = 0; i < (*paths)->size(); ++i) {
        visit_given(join_key(key, std::to_string(i)), (**paths)[i], visit);
      }
    }
  }
}

}  // namespace

void for_each_input_path(const SectionRef& root, const Visit& visit) { walk(root, "", visit); }

}  // namespace maas
