// The problems found in one pass over a config.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "config/yaml_place.h"

namespace maas {

class Findings {
 public:
  void add(const YamlPlace& place, std::string what, std::string expected = "",
           std::string fix = "");
  bool empty() const { return found_.empty(); }
  size_t count() const { return found_.size() + unkept_; }

  // Throws Error{kind} with the first 20 problems in order of place; the last of them says how many
  // more there are. Only when not empty().
  [[noreturn]] void raise(ErrorKind kind = ErrorKind::kUsage);

  std::vector<std::string> keys;  // every dotted key there is, for suggestions

 private:
  struct Finding {
    YamlPlace place;
    Problem problem;
  };
  std::vector<Finding> found_;
  size_t unkept_ = 0;  // hostile files hold a problem a byte; those beyond a bound are counted only
};

}  // namespace maas
