// Where a config value was written: for messages, and to decide which of two writings wins.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace maas {

// One text that values come from.
struct YamlSource {
  std::string name;                // as the user typed it, or "command line: train.epochs=3"
  std::vector<std::string> lines;  // for excerpts; empty for overrides
  std::filesystem::path folder;    // absolute; relative input paths count from here
  bool is_override = false;
  // 0 the config, -1 the one it extends, -2 ..., what a model remembers below all of these;
  // overrides 1, 2, ... in order
  int precedence = 0;
};

struct YamlPlace {
  std::shared_ptr<const YamlSource> source;
  int line = 0, column = 0;     // one-based, column in bytes; 0 = the source as a whole
  std::string where() const;    // "file:line:column"
  std::string excerpt() const;  // the line and a caret under the column; "" for overrides
  // The order in which places are reported: the config, those it extends, then overrides.
  bool operator<(const YamlPlace& other) const;
};

}  // namespace maas
