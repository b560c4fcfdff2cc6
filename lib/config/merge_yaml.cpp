#include "config/merge_yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <unordered_map>

#include "base/shown_text.h"
#include "config/values.h"

namespace maas {
namespace {

constexpr size_t kMostParts = 64;  // of a dotted key; the depth that files may have, too

void expand_field(YamlNode& node, const std::string& shorthand, const SectionRef& section) {
  if (node.kind == YamlNode::Kind::kScalar && !shorthand.empty()) {
    const YamlPlace place = node.place;
    node = yaml_map(shorthand, place, std::move(node));
  }
  expand_shorthands(node, section);
}

// {conv: 32, kernel: 5} as {type: conv, size: 32, kernel: 5}; the value may be a map of settings.
void expand_word(YamlNode& node, const Field& field) {
  if (node.kind != YamlNode::Kind::kMap || node.find(field.shorthand_key) != nullptr) return;
  const auto is_word = [&](const YamlNode::Entry& entry) {
    return field.word_keys.contains(entry.name);
  };
  const auto found = std::find_if(node.entries.begin(), node.entries.end(), is_word);
  if (found == node.entries.end()) return;
  YamlNode::Entry entry = std::move(*found);
  const auto place = node.entries.erase(found);
  const std::string& key = field.word_keys.at(entry.name);
  YamlNode kind;
  kind.kind = YamlNode::Kind::kScalar;
  kind.scalar = entry.name;
  kind.place = entry.place;
  std::vector<YamlNode::Entry> made = {{field.shorthand_key, entry.place, std::move(kind)}};
  if (entry.value.kind == YamlNode::Kind::kMap) {
    for (YamlNode::Entry& inner : entry.value.entries) {
      // Given twice: as no setting that there is, so that it is refused.
      if (node.find(inner.name) != nullptr) inner.name = entry.name + "." + inner.name;
      made.push_back(std::move(inner));
    }
  } else if (entry.value.kind != YamlNode::Kind::kNull) {
    // A kind that has no such setting is told so by the name of its own.
    std::string name = key.empty() ? entry.name : key;
    if (node.find(name) != nullptr) name = entry.name + "." + name;  // given twice
    made.push_back({std::move(name), entry.place, std::move(entry.value)});
  }
  node.entries.insert(place, std::make_move_iterator(made.begin()),
                      std::make_move_iterator(made.end()));
}

void expand_list(YamlNode& node, const Field& field, const SectionListRef& list) {
  const int64_t count = list.size();
  if (count == 0) list.resize(1);
  const SectionRef item{nullptr, [&](Fields& fields) { list.describe(0, fields); }};
  for (YamlNode& value : node.items) {
    if (!field.word_keys.empty()) expand_word(value, field);
    expand_field(value, field.shorthand_key, item);
  }
  // An override of single items: {0: {...}}.
  for (YamlNode::Entry& entry : node.entries) {
    if (!field.word_keys.empty()) expand_word(entry.value, field);
    expand_field(entry.value, field.shorthand_key, item);
  }
  list.resize(count);
}

std::optional<size_t> list_index(const std::string& name) {
  size_t index = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), index);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return index;
}

void merge_items(YamlNode& list, YamlNode& over, Findings& findings) {
  for (YamlNode::Entry& entry : over.entries) {
    const size_t index = list_index(entry.name).value_or(list.items.size() + 1);
    if (index > list.items.size()) {
      findings.add(entry.place, fmt::format("no item '{}' in this list", shown_text(entry.name)),
                   list.items.empty() ? "0, as the list is empty"
                                      : fmt::format("0 to {}, or {} to append",
                                                    list.items.size() - 1, list.items.size()),
                   "");
    } else if (index == list.items.size()) {
      list.items.push_back(std::move(entry.value));
    } else {
      merge_yaml(list.items[index], std::move(entry.value), findings);
    }
  }
}

// Something that a setting means: 0 and null are how one says that there is none.
bool says_something(const YamlNode& node) {
  if (node.kind == YamlNode::Kind::kScalar) return parse_number(node.scalar) != 0.0;
  return node.kind == YamlNode::Kind::kList || !node.entries.empty();
}

void drop_replaced(YamlNode& base, const YamlNode& over, const SectionRef& section) {
  if (base.kind != YamlNode::Kind::kMap || over.kind != YamlNode::Kind::kMap) return;
  Fields fields;
  section.describe(fields);
  for (const auto& field : fields.list) {
    const auto* const given = over.find(field->name);
    if (given == nullptr) continue;
    if (const auto* inner = std::get_if<SectionRef>(&field->target)) {
      if (auto* mine = base.find(field->name)) drop_replaced(mine->value, given->value, *inner);
    }
    if (!says_something(given->value)) continue;
    std::erase_if(base.entries, [&](const YamlNode::Entry& entry) {
      return std::ranges::count(field->replaced, entry.name) > 0;
    });
  }
}

bool changes_items(const YamlNode& over) {
  return over.kind == YamlNode::Kind::kMap && over.place.source->is_override &&
         !over.entries.empty() && list_index(over.entries.front().name).has_value();
}

}  // namespace

void expand_shorthands(YamlNode& tree, const SectionRef& section) {
  if (tree.kind != YamlNode::Kind::kMap) return;
  Fields fields;
  section.describe(fields);
  for (const auto& field : fields.list) {
    YamlNode::Entry* entry = tree.find(field->name);
    if (entry == nullptr) continue;
    if (const auto* inner = std::get_if<SectionRef>(&field->target)) {
      expand_field(entry->value, field->shorthand_key, *inner);
    } else if (const auto* list = std::get_if<SectionListRef>(&field->target)) {
      expand_list(entry->value, *field, *list);
    }
  }
}

void merge_yaml(YamlNode& base, YamlNode over, Findings& findings) {
  if (base.kind == YamlNode::Kind::kList && changes_items(over)) {
    return merge_items(base, over, findings);
  }
  const bool merges = base.kind == YamlNode::Kind::kMap && over.kind == YamlNode::Kind::kMap;
  if (!merges || over.entries.empty()) {  // {} clears
    base = std::move(over);
    return;
  }
  // By index, not by pointer: entries move when one is added.
  std::unordered_map<std::string, size_t> known;
  for (size_t i = 0; i < base.entries.size(); ++i) known.emplace(base.entries[i].name, i);
  for (YamlNode::Entry& entry : over.entries) {
    const auto mine = known.find(entry.name);
    if (mine == known.end()) {
      base.entries.push_back(std::move(entry));
      continue;
    }
    base.entries[mine->second].place = entry.place;
    merge_yaml(base.entries[mine->second].value, std::move(entry.value), findings);
  }
  if (!over.place.source->is_override) base.place = over.place;
}

void merge_config(YamlNode& base, YamlNode over, const SectionRef& section, Findings& findings) {
  drop_replaced(base, over, section);
  merge_yaml(base, std::move(over), findings);
}

std::optional<YamlNode> parse_override(const std::string& text, int order, Findings& findings) {
  auto source = std::make_shared<YamlSource>();
  source->name = "command line: " + shown_text(text, 120);
  source->is_override = true;
  source->precedence = order;
  source->folder = std::filesystem::current_path();
  const YamlPlace place{source, 0, 0};
  const size_t equals = text.find('=');
  const std::string key = text.substr(0, equals);
  if (equals == text.npos || key.empty() || key.front() == '.' || key.back() == '.' ||
      key.find("..") != key.npos) {
    findings.add(place, "no setting", "key=value", "write it as train.epochs=3");
    return std::nullopt;
  }
  const std::string value = text.substr(equals + 1);
  // Stdin, which YAML would take for the start of a list; and "any", for that of an alias.
  const bool is_word = value == "-" || value == "*";
  auto wrapped = parse_yaml("value: " + (is_word ? "\"" + value + "\"" : value), source, findings);
  if (!wrapped) return std::nullopt;
  if (wrapped->entries.size() != 1) {
    findings.add(place, "more than one value", "one value on one line", "put it in quotes");
    return std::nullopt;
  }
  YamlNode tree = std::move(wrapped->entries.front().value);
  // The parser tells these words as it tells nothing at all; see YamlNode::takes_back().
  if (value == "null" || value == "~") tree.scalar = value;
  size_t end = key.size();
  for (size_t parts = 1;; ++parts) {
    const size_t dot = end == 0 ? key.npos : key.rfind('.', end - 1);
    const size_t start = dot == key.npos ? 0 : dot + 1;
    tree = yaml_map(key.substr(start, end - start), place, std::move(tree));
    if (start == 0) return tree;
    if (parts == kMostParts) {
      findings.add(place, "a key of more than 64 parts", "a setting such as train.epochs");
      return std::nullopt;
    }
    end = dot;
  }
}

}  // namespace maas
