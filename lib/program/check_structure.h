// Is this a graph at all? What a rewrite can break
#pragma once

#include <string>

#include "program/program.h"

namespace maas {

// Throws Error{kInternal} naming `where` (a pass, a verb) and the node when a value is read before
// it is made, made twice or out of range, two values or inputs have one name, or an input names a
// tensor that the program does not hold. Shapes and operators are verify()'s matter. O(nodes).
void check_structure(const Program& program, const std::string& where);

}  // namespace maas
