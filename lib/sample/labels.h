// Label names and their indices.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace maas {

// By value when all are integers ("2" before "10"), else by bytes.
std::vector<std::string> sorted_labels(const std::set<std::string_view>& values);

// The index of each label name of a model or a training set.
class LabelIndex {
 public:
  explicit LabelIndex(const std::vector<std::string>& labels);
  // Throws Error{kInput} naming `where()`, the label and the known ones.
  int64_t at(std::string_view label, const std::function<std::string()>& where) const;

 private:
  const std::vector<std::string>& labels_;  // must outlive this object
  std::unordered_map<std::string_view, int64_t> index_;
};

}  // namespace maas
