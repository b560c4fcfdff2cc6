// `maas inspect --operators`: which parts of the program know which operators
#pragma once

#include <set>
#include <string>

namespace maas {

// A line an operator of `operators`, a column a concern (program/operator_concern.h); those that a
// Program may not hold are left out. Operators stand below the group that they belong to.
std::string operators_text(const std::set<std::string>& operators);

// {"verb", "concerns": [{"name", "summary"}], "operators": [{"operator", "group", <concern>:
// mark}]} with the concerns' names spelled as keys ("shape_rule").
std::string operators_json(const std::set<std::string>& operators);

}  // namespace maas
