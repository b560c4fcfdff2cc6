#include "config/explain_config.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "base/did_you_mean.h"
#include "base/error.h"
#include "base/json_writer.h"
#include "config/bind.h"

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

bool is_section(const Field& field) {
  return std::holds_alternative<SectionRef>(field.target) ||
         std::holds_alternative<SectionListRef>(field.target);
}

class SchemaWriter {
 public:
  explicit SchemaWriter(JsonWriter& json) : json_(json) {}

  void section(const SectionRef& ref) {
    Fields fields;
    ref.describe(fields);
    json_.field("type", "object").field("additionalProperties", false);
    json_.key("properties").begin_object();
    std::vector<std::string> required;
    for (const auto& field : fields.list) {
      json_.key(field->name).begin_object();
      json_.field("description", field->doc_text + when_text(*field));
      type_of(*field);
      json_.end_object();
      if (field->is_required && field->selector.empty()) required.push_back(field->name);
    }
    json_.end_object();
    if (required.empty()) return;
    json_.key("required").begin_array();
    for (const std::string& name : required) json_.value(name);
    json_.end_array();
  }

 private:
  void range(const Field& field) {
    if (std::isfinite(field.lowest)) {
      json_.field(field.lowest_open ? "exclusiveMinimum" : "minimum", field.lowest);
    }
    if (std::isfinite(field.highest)) json_.field("maximum", field.highest);
  }
  void list_of(const Field& field, const char* type) {
    json_.field("type", "array").key("items").begin_object().field("type", type);
    if (std::string_view(type) != "string") range(field);
    json_.end_object();
  }
  void types(std::initializer_list<const char*> names) {
    json_.key("type").begin_array();
    for (const char* name : names) json_.value(name);
    json_.end_array();
  }

  void type_of(const Field& field) {
    const FieldTarget& t = field.target;
    if (const auto* inner = std::get_if<SectionRef>(&t)) {
      if (field.shorthand_key.empty()) return section(*inner);
      json_.key("anyOf").begin_array().begin_object().field("type", "string").end_object();
      json_.begin_object();
      section(*inner);
      json_.end_object().end_array();
    } else if (const auto* list = std::get_if<SectionListRef>(&t)) {
      const int64_t count = list->size();
      if (count == 0) list->resize(1);
      json_.field("type", "array").key("items").begin_object();
      section({nullptr, [&](Fields& f) { list->describe(0, f); }});
      json_.end_object();
      list->resize(count);
    } else {
      plain_type(field);
    }
  }

  void plain_type(const Field& field) {
    const FieldTarget& t = field.target;
    if (const auto* text = std::get_if<std::string*>(&t)) {
      json_.field("type", "string").field("default", **text);
      if (field.choices.empty()) return;
      json_.key("enum").begin_array();
      for (const std::string& word : field.choices) json_.value(word);
      json_.end_array();
    } else if (const auto* whole = std::get_if<int64_t*>(&t)) {
      types({"integer", "string"});
      json_.field("default", **whole);
      range(field);
    } else if (const auto* number = std::get_if<double*>(&t)) {
      json_.field("type", "number").field("default", **number);
      range(field);
    } else if (const auto* flag = std::get_if<bool*>(&t)) {
      json_.field("type", "boolean").field("default", **flag);
    } else if (std::holds_alternative<std::optional<int64_t>*>(t)) {
      types({"integer", "null"});
      range(field);
    } else if (std::holds_alternative<std::optional<double>*>(t)) {
      types({"number", "null"});
      range(field);
    } else if (std::holds_alternative<Quantity*>(t)) {
      types({"number", "string"});
    } else if (std::holds_alternative<std::optional<Quantity>*>(t)) {
      types({"number", "string", "null"});
    } else if (std::holds_alternative<std::vector<int64_t>*>(t)) {
      list_of(field, "integer");
    } else if (std::holds_alternative<std::vector<double>*>(t)) {
      list_of(field, "number");
    } else if (std::holds_alternative<InputPath*>(t)) {
      json_.field("type", "string");
    } else if (std::holds_alternative<std::map<std::string, std::string>*>(t)) {
      json_.field("type", "object").key("additionalProperties").begin_object();
      types({"string", "number", "boolean"});
      json_.end_object();
    } else {
      list_of(field, "string");
    }
  }

  JsonWriter& json_;
};

}  // namespace

std::vector<std::string> config_keys(const SectionRef& root) {
  std::vector<std::string> keys;
  visit_fields(root, "", [&](const std::string& key, const Field&) { keys.push_back(key); });
  return keys;
}

std::string explain_config(const SectionRef& root, const std::string& key) {
  std::string text;
  size_t widest = 0;
  const auto wanted = [&](const std::string& name) {
    return key.empty() || name == key || name.rfind(key + ".", 0) == 0;
  };
  visit_fields(root, "", [&](const std::string& name, const Field&) {
    if (wanted(name)) widest = std::max(widest, name.size());
  });
  if (widest == 0) {
    throw Error(ErrorKind::kUsage, {.where = "config",
                                    .what = fmt::format("no setting '{}'{}", key,
                                                        did_you_mean(key, config_keys(root))),
                                    .expected = "",
                                    .fix = "`maas config explain` lists all settings",
                                    .excerpt = ""});
  }
  visit_fields(root, "", [&](const std::string& name, const Field& field) {
    if (!wanted(name)) return;
    text += fmt::format("{:<{}}  {}", name, widest, field.doc_text);
    if (!is_section(field)) {
      text += fmt::format("; {}; default {}", allowed_text(field), value_text(field));
    }
    text += when_text(field) + "\n";
  });
  return text;
}

std::string config_json_schema(const SectionRef& root, const std::string& title) {
  JsonWriter json;
  json.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema");
  json.field("title", title);
  SchemaWriter(json).section(root);
  json.end_object();
  return json.take();
}

}  // namespace maas
