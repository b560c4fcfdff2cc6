// Does this graph run? Asked before anything runs.
#pragma once

#include <string>

#include "program/program.h"

namespace maas {

// Throws Error{kInput} naming the node (or value) when: a value is read before it is made, made
// twice or out of range; two values have one name; an operator is off the allow-list, writes into
// its arguments, or its arguments do not fit its schema (arity, names, types); an output is no
// tensor or writes a buffer that is not there; a weight is missing or differs from its declaration;
// shapes or dtypes do not go together, evaluated under several assignments of the symbolic sizes;
// a value's declared dtype or shape is not what its operator makes; or a kernel refuses what the
// shape rules took (trial_run.h: the program is run once on zeros). `where` names the file.
// O(nodes) and one prediction of the smallest batch.
void verify(const Program& program, const std::string& where);

}  // namespace maas
