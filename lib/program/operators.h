// Which operators a Program may hold.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

namespace maas {

// True for "aten::linear" and the like that compute on tensors and do nothing else, for shape
// arithmetic ("_operator::mul", "math::..."). False for everything that reads files, calls back,
// or that libtorch gives other namespaces. O(log n).
bool is_allowed_operator(const std::string& op);

// True when the operator draws random numbers or behaves differently in training (dropout, ...).
bool is_mode_dependent(const std::string& op);

// "aten::relu_" -> "aten::relu" when both exist on the list; "" otherwise.
std::string pure_form(const std::string& op);

// Operators whose result may share memory with their first argument (views).
bool is_view(const std::string& op);

// For the short lists of a rule; O(length). `names` as in "aten::split", without an overload.
bool is_one_of(const std::string& op, std::initializer_list<const char*> names);

const std::vector<std::string>& allowed_operators();  // sorted

}  // namespace maas
