// JSON Schema, draft 2020-12, of a config struct.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <utility>

#include "base/json_writer.h"
#include "config/describe_field.h"
#include "config/explain_config.h"

namespace maas {
namespace {

class SchemaWriter {
 public:
  explicit SchemaWriter(JsonWriter& json) : json_(json) {}

  void root(const SectionRef& ref) {
    Fields fields;
    ref.describe(fields);
    json_.field("type", "object").field("additionalProperties", false);
    json_.key("properties").begin_object();
    json_.key("extends").begin_object().field("type", "string");
    json_.field("description", "another config, relative to this one, that this one changes");
    json_.end_object();
    properties(fields);
  }

 private:
  void section(const SectionRef& ref) {
    Fields fields;
    ref.describe(fields);
    json_.field("type", "object").field("additionalProperties", false);
    json_.key("properties").begin_object();
    properties(fields);
  }

  // Ends the object of properties.
  void properties(const Fields& fields) {
    const std::map<std::string, std::string> words = std::exchange(words_, {});
    std::vector<std::string> required;
    for (const auto& field : fields.list) {
      json_.key(field->name).begin_object();
      describe(*field);
      field_ = field.get();
      std::visit([this](const auto& target) { write(target); }, field->target);
      json_.end_object();
      if (field->is_required && field->selector.empty()) required.push_back(field->name);
    }
    for (const auto& [word, key] : words) {
      json_.key(word).begin_object().field("description", word_text(word, key)).end_object();
    }
    json_.end_object();
    if (required.empty()) return;
    json_.key("required").begin_array();
    for (const std::string& name : required) json_.value(name);
    json_.end_array();
  }

  static std::string word_text(const std::string& word, const std::string& key) {
    return fmt::format("type: {}{}", word, key.empty() ? "" : "; the value is its " + key);
  }

  void describe(const Field& field) {
    std::string text = field.doc_text;
    if (!field.selector.empty()) {
      text += fmt::format("{}only with {} {}", text.empty() ? "" : "; ", field.selector,
                          fmt::join(field.selected_by, " or "));
    }
    if (!text.empty()) json_.field("description", text);
  }

  void types(std::initializer_list<const char*> names, bool or_null) {
    json_.key("type");
    if (names.size() == 1 && !or_null) {
      json_.value(*names.begin());
      return;
    }
    json_.begin_array();
    for (const char* name : names) json_.value(name);
    if (or_null) json_.value("null");
    json_.end_array();
  }

  void range() {
    if (std::isfinite(field_->lowest)) {
      json_.field(field_->lowest_open ? "exclusiveMinimum" : "minimum", field_->lowest);
    }
    if (std::isfinite(field_->highest)) json_.field("maximum", field_->highest);
  }

  void enumeration() {
    json_.key("enum").begin_array();
    for (const std::string& word : field_->choices) json_.value(word);
    json_.end_array();
  }
  void numbers_enumeration() {
    json_.key("enum").begin_array();
    for (const std::string& digits : field_->choices) json_.raw(digits);
    json_.end_array();
  }

  // What a value looks like, without its default. Integers may be texts such as 5k.
  void shape(const int64_t*, bool or_null) {
    types({"integer", "string"}, or_null);
    if (field_->choices.empty()) {
      range();
    } else {
      numbers_enumeration();
    }
  }
  void shape(const double*, bool or_null) {
    types({"number"}, or_null);
    range();
  }
  void shape(const bool*, bool or_null) { types({"boolean"}, or_null); }
  void shape(const std::string*, bool or_null) {
    if (field_->choices.empty()) {
      types({"string", "number", "boolean"}, or_null);
    } else {
      types({"string"}, or_null);
      enumeration();
    }
  }
  void shape(const InputPath*, bool or_null) { types({"string"}, or_null); }
  void shape(const Quantity*, bool or_null) {
    types({"number", "string"}, or_null);
    range();
  }
  void shape(const std::map<std::string, std::string>*, bool or_null) {
    types({"object"}, or_null);
    json_.key("additionalProperties").begin_object();
    types({"string", "number", "boolean"}, false);
    json_.end_object();
  }

  // A list, or one of these alone.
  void lone_words() {
    json_.key("anyOf").begin_array().begin_object().field("type", "array").end_object();
    for (const std::string& word : field_->lone_words) {
      json_.begin_object().field("const", word).end_object();
    }
    json_.end_array();
  }

  void write(bool* flag) {
    shape(flag, false);
    json_.key("default").value(*flag);
  }
  void write(std::map<std::string, std::string>* map) {
    shape(map, false);
    json_.key("default").begin_object();
    for (const auto& [name, entry] : *map) json_.field(name, entry);
    json_.end_object();
  }
  void write(InputPath* path) { shape(path, false); }
  template <class T>
  void write(T* plain) {
    shape(plain, false);
    if (field_->is_required) return;
    json_.key("default");
    write_value(json_, *plain);
  }
  template <class T>
  void write(std::optional<T>* optional) {
    shape(static_cast<T*>(nullptr), true);
    json_.key("default");
    if (*optional) {
      write_value(json_, **optional);
    } else {
      json_.null();
    }
  }
  template <class T>
  void write(std::vector<T>* list) {
    const bool lone = !field_->lone_words.empty();
    if (lone) lone_words();
    if (field_->takes_one) types({"array", "string"}, false);
    if (!lone && !field_->takes_one) types({"array"}, false);
    json_.key("items").begin_object();
    shape(static_cast<T*>(nullptr), false);
    json_.end_object();
    json_.key("default").begin_array();
    for (const T& item : *list) write_value(json_, item);
    json_.end_array();
  }
  void write(const SectionRef& ref) { section_or_shorthand(ref); }
  void write(const SectionListRef& list) {
    const int64_t count = list.size();
    if (count == 0) list.resize(1);
    types({"array"}, false);
    json_.key("items").begin_object();
    words_ = field_->word_keys;
    section_or_shorthand({nullptr, [&](Fields& fields) { list.describe(0, fields); }});
    json_.end_object();
    list.resize(count);
  }

  void section_or_shorthand(const SectionRef& ref) {
    if (field_->shorthand_key.empty()) return section(ref);
    json_.key("anyOf").begin_array().begin_object();
    shorthand_value(ref, field_->shorthand_key);
    json_.end_object().begin_object();
    section(ref);
    json_.end_object().end_array();
  }

  // A bare scalar is checked as the setting that it stands for.
  void shorthand_value(const SectionRef& ref, const std::string& key) {
    Fields fields;
    ref.describe(fields);
    const Field* outer = field_;
    for (const auto& field : fields.list) {
      if (field->name != key) continue;
      field_ = field.get();
      std::visit([this](const auto& target) { write(target); }, field->target);
    }
    field_ = outer;
  }

  JsonWriter& json_;
  const Field* field_ = nullptr;              // the one being written
  std::map<std::string, std::string> words_;  // of the items whose section comes next
};

}  // namespace

std::string config_json_schema(const SectionRef& root, const std::string& title) {
  JsonWriter json;
  json.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema");
  json.field("title", title);
  SchemaWriter(json).root(root);
  json.end_object();
  return json.take();
}

}  // namespace maas
