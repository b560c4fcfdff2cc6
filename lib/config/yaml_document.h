// YAML text -> a tree whose every value remembers where it was written.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"

namespace maas {

// One text that values come from.
struct YamlSource {
  std::string name;                // as the user typed it, or "command line: train.epochs=3"
  std::vector<std::string> lines;  // for excerpts; empty for overrides
  std::filesystem::path folder;    // relative input paths count from here
  bool is_override = false;
};

struct YamlPlace {
  std::shared_ptr<const YamlSource> source;
  int line = 0, column = 0;     // one-based; 0 = the source as a whole
  std::string where() const;    // "file:line:column"
  std::string excerpt() const;  // the line and a caret under the column
};

struct YamlNode {
  enum class Kind { kNull, kScalar, kMap, kList };
  struct Entry;
  Kind kind = Kind::kNull;
  std::string scalar;
  bool quoted = false;
  std::vector<Entry> entries;   // kMap, in order, names unique
  std::vector<YamlNode> items;  // kList
  YamlPlace place;

  const Entry* find(const std::string& name) const;
  Entry* find(const std::string& name);
};

struct YamlNode::Entry {
  std::string name;
  YamlPlace place;  // of the key
  YamlNode value;
};

std::string kind_text(const YamlNode& node);  // "a map", "a list", "nothing", "'abc'"

// Throws Error{kUsage} with place and caret for: more than 1 MiB, bytes that are no UTF-8 or are
// NUL, syntax errors, a second document, anchors, aliases, tags, merge keys, duplicate keys (naming
// both lines), keys that are no plain words, nesting deeper than 64, more than 100,000 values. An
// empty document is an empty map.
YamlNode parse_yaml(const std::string& text, const std::shared_ptr<YamlSource>& source);

Problem yaml_problem(const YamlPlace& place, std::string what, std::string expected = "",
                     std::string fix = "");

}  // namespace maas
