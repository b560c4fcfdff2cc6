#include "config/bind.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/did_you_mean.h"
#include "base/shown_text.h"
#include "config/describe_field.h"
#include "config/values.h"
#include "config/walk_fields.h"

namespace maas {
namespace {

constexpr int64_t kLongestList = 100'000;

using Kind = YamlNode::Kind;

// The items of a list; those of a map {0: .., 1: ..} that the command line wrote item by item.
// Null when `node` is neither.
std::optional<std::vector<const YamlNode*>> list_items(const YamlNode& node) {
  std::vector<const YamlNode*> items;
  if (node.kind == Kind::kList) {
    for (const YamlNode& item : node.items) items.push_back(&item);
    return items;
  }
  if (node.kind != Kind::kMap || !node.place.source->is_override || node.entries.empty()) {
    return std::nullopt;
  }
  for (const YamlNode::Entry& entry : node.entries) {
    if (entry.name != std::to_string(items.size())) return std::nullopt;
    items.push_back(&entry.value);
  }
  return items;
}

// Puts one value into its field, or says why not.
class Binder {
 public:
  Binder(const Field& field, std::string path, Findings& findings)
      : field_(field), path_(std::move(path)), findings_(findings) {}

  void bind(const YamlNode& node) {
    if (node.kind == Kind::kBroken) return;
    std::visit([&](const auto& target) { assign(node, path_, target); }, field_.target);
  }

 private:
  void complain(const YamlNode& at, const std::string& name, const std::string& expected,
                const std::string& hint = "") {
    if (at.kind == Kind::kBroken) return;
    std::string advice;
    if (is_section(field_)) {
      advice = fmt::format("write {}: {}", field_.name, example_text(field_));
    } else if (!field_.is_required) {
      advice = fmt::format("leave it out for the default, {}", value_text(field_));
    }
    const std::string meaning =
        field_.doc_text.empty() ? "" : fmt::format("{}: {}", field_.name, field_.doc_text);
    std::string fix = hint;
    for (const std::string& part : {meaning, advice}) {
      if (!part.empty()) fix += (fix.empty() ? "" : "; ") + part;
    }
    findings_.add(at.place, fmt::format("{} is {}", name, kind_text(at)), expected, fix);
  }

  bool in_range(double value) const {
    return (field_.lowest_open ? value > field_.lowest : value >= field_.lowest) &&
           value <= field_.highest;
  }

  bool is_choice(const std::string& text) const {
    const auto& words = field_.choices;
    return words.empty() || std::find(words.begin(), words.end(), text) != words.end();
  }

  bool is_lone_word(const YamlNode& node) const {
    const auto& words = field_.lone_words;
    const bool is_word = std::find(words.begin(), words.end(), node.scalar) != words.end();
    return node.kind == Kind::kScalar && (field_.takes_one || is_word);
  }

  // For whoever wrote one item without brackets.
  std::string list_hint(const YamlNode& node, const std::string& name) const {
    if (node.kind != Kind::kScalar || node.scalar.empty()) return "";
    std::string item = shown_text(node.scalar, 40);
    if (item.find_first_of("*&!%@`") == 0) item = yaml_scalar(item);
    return node.place.source->is_override ? fmt::format("write '{}=[{}]'", name, item)
                                          : fmt::format("write {}: [{}]", field_.name, item);
  }

  // For whoever gave per cent, or a factor.
  std::string share_hint(double number) const {
    if (field_.highest > 1 || field_.lowest < 0 || number <= 1) return "";
    return number <= 100 ? fmt::format("it is a share: {:g} % are {:g}", number, number / 100)
                         : "it is a share: 1 is all";
  }

  // The field's type and range, and what about the text may have misled its writer.
  void complain_value(const YamlNode& at, const std::string& name) {
    std::string hint;
    if (at.kind == Kind::kScalar && at.quoted && parse_number(at.scalar)) {
      hint = "remove the quotes";
    } else if (at.kind == Kind::kScalar) {
      const auto number = takes_fractions(field_) ? parse_number(at.scalar) : std::nullopt;
      hint = number ? share_hint(*number) : number_trap(at.scalar);
      const bool seconds =
          std::find(field_.units.begin(), field_.units.end(), "s") != field_.units.end();
      if (hint.empty() && seconds && parse_number(at.scalar))
        hint = "add a unit: " + at.scalar + "s";
    }
    complain(at, name, allowed_item_text(field_), hint);
  }

  template <class T>
  void assign_parsed(const YamlNode& node, const std::string& name, T* target,
                     std::optional<T> (*parse)(const std::string&)) {
    const bool is_bare = node.kind == Kind::kScalar && !node.quoted;
    const auto value = is_bare ? parse(node.scalar) : std::nullopt;
    if (value && in_range(static_cast<double>(*value))) {
      *target = *value;
    } else {
      complain_value(node, name);
    }
  }
  void assign(const YamlNode& node, const std::string& name, int64_t* target) {
    const bool is_bare = node.kind == Kind::kScalar && !node.quoted;
    const auto number = is_bare ? parse_integer(node.scalar) : std::nullopt;
    if (number && !is_choice(std::to_string(*number))) return complain_value(node, name);
    assign_parsed(node, name, target, parse_integer);
  }
  void assign(const YamlNode& node, const std::string& name, double* target) {
    assign_parsed(node, name, target, parse_number);
  }
  void assign(const YamlNode& node, const std::string& name, bool* target) {
    const bool is_bare = node.kind == Kind::kScalar && !node.quoted;
    const auto value = is_bare ? parse_flag(node.scalar) : std::nullopt;
    if (value) {
      *target = *value;
    } else {
      complain(node, name, allowed_item_text(field_),
               node.kind == Kind::kScalar ? flag_trap(node.scalar) : "");
    }
  }
  void assign(const YamlNode& node, const std::string& name, std::string* target) {
    if (node.kind != Kind::kScalar) return complain(node, name, allowed_item_text(field_));
    if (!is_choice(node.scalar)) {
      const std::string near = nearest_name(node.scalar, field_.choices);
      return complain(node, name, allowed_item_text(field_),
                      near.empty() ? "" : fmt::format("did you mean '{}'?", near));
    }
    *target = node.scalar;
  }
  template <class T>
  void assign(const YamlNode& node, const std::string& name, std::optional<T>* target) {
    if (node.kind == Kind::kNull) {
      target->reset();
      return;
    }
    T value{};
    const size_t before = findings_.count();
    assign(node, name, &value);
    if (findings_.count() == before) *target = value;
  }
  void assign(const YamlNode& node, const std::string& name, Quantity* target) {
    const auto value = node.kind == Kind::kScalar ? parse_quantity(node.scalar) : std::nullopt;
    const auto& units = field_.units;
    const bool is_known = value && (units.empty() || std::find(units.begin(), units.end(),
                                                               value->unit) != units.end());
    if (is_known && in_range(value->value)) {
      *target = *value;
    } else {
      complain_value(node, name);
    }
  }
  void assign(const YamlNode& node, const std::string& name, InputPath* target) {
    if (node.kind != Kind::kScalar || node.scalar.empty()) {
      return complain(node, name, allowed_item_text(field_));
    }
    if (node.scalar == "-") {
      target->path = "-";
    } else {  // an absolute path replaces the folder
      target->path = (node.place.source->folder / node.scalar).lexically_normal().string();
    }
  }
  template <class T>
  void assign(const YamlNode& node, const std::string& name, std::vector<T>* target) {
    if (is_lone_word(node)) {
      if constexpr (std::is_same_v<T, std::string>) *target = {node.scalar};
      return;
    }
    const auto items = list_items(node);
    if (!items) {
      return complain(node, name, allowed_text(field_), list_hint(node, name));
    }
    std::vector<T> values(items->size());
    const size_t before = findings_.count();
    for (size_t i = 0; i < items->size(); ++i) {
      assign(*(*items)[i], fmt::format("{}.{}", name, i), &values[i]);
    }
    if (findings_.count() == before) *target = std::move(values);
  }
  void assign(const YamlNode& node, const std::string& name,
              std::map<std::string, std::string>* target) {
    if (node.kind != Kind::kMap) return complain(node, name, allowed_item_text(field_));
    std::map<std::string, std::string> values;
    for (const YamlNode::Entry& entry : node.entries) {
      if (entry.value.takes_back()) continue;
      if (entry.value.kind != Kind::kScalar) {
        complain(entry.value, join_key(name, shown_text(entry.name)), "a word or number");
      } else {
        values[entry.name] = entry.value.scalar;
      }
    }
    *target = std::move(values);
  }
  void assign(const YamlNode& node, const std::string& name, const SectionRef& section) {
    if (node.kind != Kind::kMap) return complain(node, name, allowed_item_text(field_));
    bind_section(node, section, name, findings_);
  }
  void assign(const YamlNode& node, const std::string& name, const SectionListRef& list) {
    const auto items = list_items(node);
    if (!items || static_cast<int64_t>(items->size()) > kLongestList) {
      return complain(node, name, allowed_text(field_));
    }
    list.resize(0);  // items that the list has by default are replaced, not merged
    list.resize(static_cast<int64_t>(items->size()));
    for (size_t i = 0; i < items->size(); ++i) {
      const YamlNode& item = *(*items)[i];
      const std::string key = fmt::format("{}.{}", name, i);
      if (item.kind != Kind::kMap) {
        complain(item, key, allowed_item_text(field_));
        continue;
      }
      const auto index = static_cast<int64_t>(i);
      if (has_unknown_word(item, key, list, index) || has_idle_value(item, key, list)) continue;
      bind_section(item, {nullptr, [&](Fields& fields) { list.describe(index, fields); }}, key,
                   findings_);
    }
  }

  // {maxpool: 2} in a list whose items may be written by their kind (Field::worded).
  bool has_unknown_word(const YamlNode& item, const std::string& key, const SectionListRef& list,
                        int64_t index) {
    if (field_.word_keys.empty() || item.find(field_.shorthand_key) != nullptr) return false;
    Fields fields;
    list.describe(index, fields);
    std::vector<std::string> words;
    for (const auto& [word, setting] : field_.word_keys) words.push_back(word);
    for (const YamlNode::Entry& entry : item.entries) {
      const bool is_setting =
          std::any_of(fields.list.begin(), fields.list.end(),
                      [&](const auto& field) { return field->name == entry.name; });
      if (is_setting) continue;
      findings_.add(entry.place,
                    fmt::format("{}: no {} is called '{}'{}", key, field_.shorthand_key,
                                shown_text(entry.name), did_you_mean(entry.name, words)),
                    fmt::format("one of {}", fmt::join(words, ", ")),
                    fmt::format("write {{{0}: ..., ...}}, or {{{1}: {0}, ...}}", words.front(),
                                field_.shorthand_key));
      return true;
    }
    return false;
  }

  // {relu: 4}: a value for a kind for which it would stand for no setting.
  bool has_idle_value(const YamlNode& item, const std::string& key, const SectionListRef& list) {
    const YamlNode::Entry* kind = item.find(field_.shorthand_key);
    if (kind == nullptr || kind->value.kind != Kind::kScalar) return false;
    const std::string& word = kind->value.scalar;
    const auto known = field_.word_keys.find(word);
    if (known == field_.word_keys.end() || !known->second.empty()) return false;
    const YamlNode::Entry* value = item.find(word);
    if (value == nullptr) return false;
    Fields fields;
    list.describe(0, fields);
    std::vector<std::string> settings;
    for (const auto& field : fields.list) {
      const auto& kinds = field->selected_by;
      const bool taken = field->selector.empty() || std::ranges::count(kinds, word) > 0;
      if (taken && field->name != field_.shorthand_key) settings.push_back(field->name);
    }
    findings_.add(
        value->place,
        fmt::format("{}: {} takes no value, and is given {}", key, word, kind_text(value->value)),
        fmt::format("{} alone, or with {}", word, fmt::join(settings, ", ")),
        fmt::format("write {0}, or {{{0}: {{{1}: ...}}}}", word, settings.front()));
    return true;
  }

  const Field& field_;
  std::string path_;
  Findings& findings_;
};

// "; did you mean 'x'?": a sibling, else a setting of that name elsewhere, else a dotted key that
// looks similar.
std::string suggestion(const std::string& path, const std::string& typed,
                       std::vector<std::string> siblings, const Findings& findings) {
  if (path.empty()) siblings.emplace_back("extends");
  std::string near = did_you_mean(typed, siblings);
  if (!near.empty()) return near;
  for (const std::string& key : findings.keys) {
    if (key.size() > typed.size() && key.ends_with("." + typed)) {
      return "; did you mean '" + key + "'?";
    }
  }
  return path.empty() ? did_you_mean(typed, findings.keys) : "";
}

void report_unknown(const YamlNode& node, const std::vector<std::string>& names,
                    const std::string& path, Findings& findings) {
  for (const YamlNode::Entry& entry : node.entries) {
    if (std::find(names.begin(), names.end(), entry.name) != names.end()) continue;
    findings.add(
        entry.place,
        fmt::format("unknown key '{}'{}{}", shown_text(entry.name),
                    path.empty() ? "" : " under " + path,
                    suggestion(path, entry.name, names, findings)),
        "", fmt::format("`maas config explain{}` lists the keys", path.empty() ? "" : " " + path));
  }
}

// Base config's, for a kind that a config above it or the command line replaced.
bool is_inherited(const YamlNode::Entry& entry, const YamlNode::Entry* selector) {
  if (selector == nullptr) return false;
  const YamlSource &mine = *entry.place.source, &its = *selector->place.source;
  return !mine.is_override && mine.precedence < its.precedence;
}

}  // namespace

void bind_section(const YamlNode& node, const SectionRef& section, const std::string& path,
                  Findings& findings) {
  Fields fields;
  section.describe(fields);
  std::vector<std::string> names;
  std::set<std::string> doubtful;  // fields whose value was refused
  for (const auto& field : fields.list) {
    names.push_back(field->name);
    const std::string key = join_key(path, field->name);
    const YamlNode::Entry* entry = node.find(field->name);
    YamlPlace place = node.place;  // of what is missing
    if (entry != nullptr && entry->value.takes_back()) {
      place = entry->place;
      entry = nullptr;
    }
    // Selectors are declared first, so that only_for is decided by what was just read.
    const bool is_wanted = applies(*field, fields) || doubtful.count(field->selector) > 0;
    if (entry == nullptr) {
      if (field->is_required && is_wanted && doubtful.count(field->selector) == 0) {
        findings.add(
            place, key + " is missing", allowed_text(*field),
            fmt::format("add it{}{}", field->doc_text.empty() ? "" : ": ", field->doc_text));
      }
    } else if (is_wanted) {
      const size_t before = findings.count();
      Binder(*field, key, findings).bind(entry->value);
      if (findings.count() > before || entry->value.kind == Kind::kBroken) {
        doubtful.insert(field->name);
      }
    } else if (!is_inherited(*entry, node.find(field->selector))) {
      const std::string selector = join_key(path, field->selector);
      findings.add(
          entry->place, key + " has no meaning here",
          fmt::format("it with {} {} only", selector, fmt::join(field->selected_by, " or ")),
          fmt::format("remove it, or change {}", selector));
    }
  }
  report_unknown(node, names, path, findings);
}

}  // namespace maas
