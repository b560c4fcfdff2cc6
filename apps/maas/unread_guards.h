// Guards of a file that are no rules about sizes
#pragma once

#include "output.h"
#include "program/program.h"

namespace maas {

// Says with -v which conditions of the file nobody checks here (pt2/size_guards.h).
void tell_unread_guards(const Program& program, const Output& output);

}  // namespace maas
