// In-place operators -> their pure forms.
#pragma once

#include <string>

#include "program/program.h"

namespace maas {

// Replaces "relu_" by "relu" and lets later uses of the changed value read the new one. Where a
// view of a value is changed and the value or another view of it is read later (y[:, 0] = 0), the
// part is put back ("select_scatter") and the other views are taken again. A changed buffer becomes
// a buffer mutation output; a changed user input stays what the caller gave. Throws Error{kInput}
// naming the node when a parameter or constant is changed, or a view whose change cannot be put
// back. `where` names the file in messages. O(nodes * arguments), and O(nodes) for each change of a
// value that has views.
void make_pure(Program& program, const std::string& where);

}  // namespace maas
