// YAML text -> a tree whose every value remembers where it was written.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/findings.h"
#include "config/yaml_place.h"

namespace maas {

struct YamlNode {
  // kBroken: a problem was found here already; whoever meets it says no more about it.
  enum class Kind { kNull, kScalar, kMap, kList, kBroken };
  struct Entry;
  Kind kind = Kind::kNull;
  std::string scalar;
  bool quoted = false;
  std::vector<Entry> entries;   // kMap, in order, names unique
  std::vector<YamlNode> items;  // kList
  YamlPlace place;

  const Entry* find(const std::string& name) const;
  Entry* find(const std::string& name);
  // key=null or key=~ of the command line: as if no file had the key. Not "key=", in which a
  // shell's variable may have been empty.
  bool takes_back() const;
};

struct YamlNode::Entry {
  std::string name;
  YamlPlace place;  // of the key
  YamlNode value;
};

// A map of one entry.
YamlNode yaml_map(const std::string& name, const YamlPlace& place, YamlNode value);

std::string kind_text(const YamlNode& node);  // "a map", "a list", "nothing", "'abc'"

// Notes a problem, with place and caret, and goes on for: anchors, aliases, tags, merge keys,
// duplicate keys (naming both lines), NUL characters. Notes one and returns nothing for: more than
// 1 MiB, bytes that are no UTF-8 or are NUL, syntax errors, a second document, keys that are no
// plain words, nesting deeper than 64, more than 100,000 values. An empty document is an empty map.
std::optional<YamlNode> parse_yaml(const std::string& text,
                                   const std::shared_ptr<YamlSource>& source, Findings& findings);

}  // namespace maas
