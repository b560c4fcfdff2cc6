// In-place operators -> their pure forms.
#pragma once

#include <string>

#include "program/program.h"

namespace maas {

// Replaces "relu_" by "relu" and lets later uses of the changed value read the new one. Throws
// Error{kInput} naming the node when the changed value is a view of another, has views that are
// used later, or is an input or parameter; a changed buffer becomes a buffer mutation output.
// `where` names the file in messages. O(nodes * arguments).
void make_pure(Program& program, const std::string& where);

}  // namespace maas
