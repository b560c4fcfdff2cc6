#include "config/explain_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/did_you_mean.h"
#include "base/json_writer.h"
#include "base/shown_text.h"
#include "base/throw_error.h"
#include "config/describe_field.h"
#include "config/walk_fields.h"
#include "config/yaml_place.h"

namespace maas {
namespace {

struct Row {
  std::string key, takes, meaning;
  std::optional<std::string> initial;  // none for sections and what is required
  bool is_required = false;
  std::string selector;
  std::vector<std::string> selected_by;

  std::string initial_text() const {
    return is_required ? "required" : initial ? "default " + *initial : "";
  }
  std::string meaning_text() const {
    if (selector.empty()) return meaning;
    return fmt::format("{} [with {} {}]", meaning, selector, fmt::join(selected_by, " or "));
  }
};

Row row_of(const std::string& key, const Field& field) {
  Row row{.key = key,
          .takes = allowed_text(field),
          .meaning = field.doc_text,
          .initial = std::nullopt,
          .is_required = field.is_required,
          .selector = field.selector,
          .selected_by = field.selected_by};
  if (!field.is_required && !is_section(field)) row.initial = value_text(field);
  return row;
}

std::string table_text(const std::vector<Row>& rows) {
  // Texts beyond these widths push their own line only, not every other line.
  constexpr size_t kWidestTakes = 36, kWidestDefault = 20;
  size_t key = 0, takes = 0, initial = 0;
  for (const Row& row : rows) {
    key = std::max(key, row.key.size());
    if (row.takes.size() <= kWidestTakes) takes = std::max(takes, row.takes.size());
    const size_t width = row.initial_text().size();
    if (width <= kWidestDefault) initial = std::max(initial, width);
  }
  std::string text;
  for (const Row& row : rows) {
    std::string line = fmt::format("{:<{}}  {:<{}}  {:<{}}  {}", row.key, key, row.takes, takes,
                                   row.initial_text(), initial, row.meaning_text());
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

// The rows of `key` and what is below it; at least one.
std::vector<Row> rows_below(const SectionRef& root, const std::string& key) {
  const std::string wanted = with_any_index(key);
  std::vector<Row> rows;
  walk_fields(root, [&](const std::string& name, const Field& field) {
    if (key.empty() || name == wanted || name.rfind(wanted + ".", 0) == 0) {
      rows.push_back(row_of(name, field));
    }
  });
  if (!rows.empty() || key.empty()) return rows;
  throw_usage("config", fmt::format("no setting '{}'{}", shown_text(key), suggestion(root, wanted)),
              "", "`maas config explain` lists all settings");
}

}  // namespace

std::string explain_config(const SectionRef& root, const std::string& key) {
  return table_text(rows_below(root, key));
}

std::string explain_config_json(const SectionRef& root, const std::string& key) {
  JsonWriter json;
  json.begin_array();
  for (const Row& row : rows_below(root, key)) {
    json.begin_object().field("key", row.key).field("takes", row.takes).key("default");
    if (row.initial) {
      json.value(*row.initial);
    } else {
      json.null();
    }
    json.field("required", row.is_required).field("meaning", row.meaning);
    if (!row.selector.empty()) {
      json.key("only_with").begin_object().key(row.selector).begin_array();
      for (const std::string& value : row.selected_by) json.value(value);
      json.end_array().end_object();
    }
    json.end_object();
  }
  json.end_array();
  return json.take();
}

}  // namespace maas
