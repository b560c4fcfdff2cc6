// Does this graph run? Asked before anything runs.
#pragma once

#include <string>

#include "program/program.h"

namespace maas {

// Throws Error{kInput} naming the node (or value) when: a value is read before it is made, made
// twice or out of range; an operator is off the allow-list, or its arguments do not fit its schema
// (arity, names, types); shapes or dtypes do not go together, evaluated under two assignments of
// the symbolic sizes; a value's declared dtype or shape is not what its operator makes; a weight
// is missing or differs from its declaration. `where` names the file. O(nodes), no weights read.
void verify(const Program& program, const std::string& where);

}  // namespace maas
