// Nodes that take memory in any layout in place of some that want the one of the export
#pragma once

#include "program/program.h"

namespace maas {

// aten::view and aten::_unsafe_view as aten::reshape: a view of channels-last memory may not exist.
// Other nodes as they are.
Node without_view(Node node);

}  // namespace maas
