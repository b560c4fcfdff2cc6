// Arguments of a node as a pass wants them: what the node gives, or the default that it may leave
// out
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// The value read as `name`; kNoValue when it is absent or None.
ValueId operand_of(const Node& node, const std::string& name);
double number_of(const Node& node, const std::string& name, double otherwise);
int64_t integer_of(const Node& node, const std::string& name, int64_t otherwise);
bool flag_of(const Node& node, const std::string& name, bool otherwise);
Argument argument_of(const Node& node, const std::string& name, Argument otherwise);
// A list of plain numbers, or one number; nullopt when a size is symbolic.
std::optional<std::vector<int64_t>> integers_of(const Node& node, const std::string& name,
                                                std::vector<int64_t> otherwise);
IntList int_list(const std::vector<int64_t>& numbers);

}  // namespace maas
