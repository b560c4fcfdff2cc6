// The pure operator that does what an in-place one does
#pragma once

#include "program/program.h"

namespace maas {

// Makes a call of an in-place ATen operator ("dropout_", "pow_.Scalar") one of the pure operator
// that computes the same, its arguments under the names that this one gives them. Of the pure
// overloads it takes the namesake, or else the first by name, that has the arguments of the
// in-place one, by place or by name ("polygamma_" has its two the other way round), and no further
// one without a default. False, and the node is as it was, where this libtorch has no such pair or
// the pure form may not be in a Program.
bool call_pure_overload(Node& node);

}  // namespace maas
