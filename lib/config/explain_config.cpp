#include "config/explain_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "config/describe_field.h"
#include "config/yaml_place.h"

namespace maas {
namespace {

// Visits every field with its dotted key; list items are shown once, as "layers.N".
template <class Visit>
void visit_fields(const SectionRef& section, const std::string& path, const Visit& visit) {
  Fields fields;
  section.describe(fields);
  for (const auto& field : fields.list) {
    const std::string key = path.empty() ? field->name : path + "." + field->name;
    visit(key, *field);
    if (const auto* inner = std::get_if<SectionRef>(&field->target)) {
      visit_fields(*inner, key, visit);
    } else if (const auto* list = std::get_if<SectionListRef>(&field->target)) {
      const int64_t count = list->size();
      if (count == 0) list->resize(1);
      visit_fields({nullptr, [&](Fields& f) { list->describe(0, f); }}, key + ".N", visit);
      list->resize(count);
    }
  }
}

std::string when_text(const Field& field) {
  if (field.selector.empty()) return "";
  return fmt::format(" [with {} {}]", field.selector, fmt::join(field.selected_by, " or "));
}

// "data.augment.0.shift" -> "data.augment.N.shift".
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

struct Row {
  std::string key, takes, initial, meaning;
};

Row row_of(const std::string& key, const Field& field) {
  Row row{key, allowed_text(field), "", field.doc_text + when_text(field)};
  if (field.is_required) {
    row.initial = "required";
  } else if (!is_section(field)) {
    row.initial = "default " + value_text(field);
  }
  return row;
}

std::string table_text(const std::vector<Row>& rows) {
  // Texts beyond these widths push their own line only, not every other line.
  constexpr size_t kWidestTakes = 36, kWidestDefault = 20;
  size_t key = 0, takes = 0, initial = 0;
  for (const Row& row : rows) {
    key = std::max(key, row.key.size());
    if (row.takes.size() <= kWidestTakes) takes = std::max(takes, row.takes.size());
    if (row.initial.size() <= kWidestDefault) initial = std::max(initial, row.initial.size());
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = fmt::format("{:<{}}  {:<{}}  {:<{}}  {}", row.key, key, row.takes, takes,
                                   row.initial, initial, row.meaning);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  return text;
}

// "; did you mean 'x'?": a dotted key that looks similar, or one that ends like `key`.
std::string suggestion(const SectionRef& root, const std::string& key) {
  const std::vector<std::string> keys = config_keys(root);
  for (const std::string& name : keys) {
    if (name.ends_with("." + key)) return "; did you mean '" + name + "'?";
  }
  return did_you_mean(key, keys);
}

}  // namespace

std::vector<std::string> config_keys(const SectionRef& root) {
  std::vector<std::string> keys;
  visit_fields(root, "", [&](const std::string& key, const Field&) { keys.push_back(key); });
  return keys;
}

std::string explain_config(const SectionRef& root, const std::string& key) {
  const std::string wanted = with_any_index(key);
  std::vector<Row> rows;
  visit_fields(root, "", [&](const std::string& name, const Field& field) {
    if (key.empty() || name == wanted || name.rfind(wanted + ".", 0) == 0) {
      rows.push_back(row_of(name, field));
    }
  });
  if (!rows.empty() || key.empty()) return table_text(rows);
  throw Error(ErrorKind::kUsage,
              {.where = "config",
               .what = fmt::format("no setting '{}'{}", shown_text(key), suggestion(root, wanted)),
               .expected = "",
               .fix = "`maas config explain` lists all settings",
               .excerpt = ""});
}

}  // namespace maas
