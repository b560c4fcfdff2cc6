// The values of a graph in the order in which they are made
#pragma once

#include <vector>

#include "program/program.h"

namespace maas {

// Those of one kind: inputs first, then results of nodes. So a model that is read and written again
// has the same bytes, whatever numbers its values have. The pointers are into `program`.
std::vector<const Value*> made_values(const Program& program, ValueKind kind);

}  // namespace maas
