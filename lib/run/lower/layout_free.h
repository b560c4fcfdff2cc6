// Nodes that take memory in any layout in place of some that want the one of the export
#pragma once

#include "program/program.h"

namespace maas {

// aten::view and aten::_unsafe_view as aten::reshape: a view of channels-last memory may not exist.
// Other nodes as they are.
Node without_view(Node node);

// Every node of it; what needs the layout of the export is given that.
Program layout_free(Program program);

// Whether a node looks at strides (aten::as_strided), so that no layout may be changed.
bool looks_at_strides(const Program& program);

}  // namespace maas
