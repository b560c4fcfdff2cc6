// A graph run once, to see whether libtorch's kernels take what its shape rules took.
#pragma once

#include <string>

#include "call/call.h"
#include "program/dim_expression.h"
#include "program/program.h"

namespace maas {

// Runs the program on the CPU on zeros of its inputs' sizes under `symbols`, with its own weights;
// `shapes` is what ShapeInference made of every value under the same symbols. Throws Error{kInput}
// naming the node for what a kernel refuses (dtypes that it does not have, sizes that the shape
// rule let pass), for a result of another shape or dtype than `shapes` says, and when the values
// alive at one time would need more than 1 GiB + 256 times the weights and inputs, or than the
// memory that is free (1 GiB counts as free).
// Not held against the graph, whose inputs are not zeros for ever: an index out of range, a
// singular matrix, a division by zero or a failed assertion that depends on the inputs' values,
// and what sizes that depend on them lead to.
// Leaves weights, buffers and the random number generator as they were. Costs one prediction.
void try_program(const Program& program, const std::string& where, const SymbolValues& symbols,
                 const Slots& shapes);

}  // namespace maas
