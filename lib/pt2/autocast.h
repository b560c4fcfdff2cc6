// Mixed precision regions of an export -> conversions in the graph.
#pragma once

#include "program/program.h"

namespace maas {

// The mark (metadata) on nodes that were read inside torch.autocast. Their types are declared as
// autocast makes them, but the conversions are not in the file.
inline constexpr const char* kAutocastMark = "maas_autocast";

// Puts a conversion in front of every floating argument of a marked node whose type is not that of
// the node's result, and takes the marks off: bfloat16 for a matrix product, float32 where autocast
// keeps the precision. Scalars (rank 0) take part in neither. O(nodes).
void spell_out_autocast(Program& program);

}  // namespace maas
