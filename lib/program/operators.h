// Which operators a Program may hold
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "program/operator_facts.h"

namespace maas {

// Those with facts: "aten::linear" and the like that compute on tensors and do nothing else, and
// shape arithmetic ("_operator::mul", "math::..."). O(log n).
bool is_allowed_operator(const std::string& op);

// For the short lists of a rule; O(length). `names` as in "aten::split", without an overload.
bool is_one_of(const std::string& op, std::initializer_list<const char*> names);

const std::vector<std::string>& allowed_operators();  // sorted

}  // namespace maas
