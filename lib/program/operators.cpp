#include "program/operators.h"

#include <algorithm>

namespace maas {

const std::vector<std::string>& allowed_operators() {
  static const std::vector<std::string> all = [] {
    std::vector<std::string> names;
    for (const OperatorFacts& facts : operator_facts()) names.push_back(facts.op);
    return names;
  }();
  return all;
}

bool is_allowed_operator(const std::string& op) { return facts_of(op) != nullptr; }

bool is_one_of(const std::string& op, std::initializer_list<const char*> names) {
  return std::find(names.begin(), names.end(), op) != names.end();
}

}  // namespace maas
