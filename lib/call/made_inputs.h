// Inputs that a program takes, made up from what its graph says of them
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "program/dim_expression.h"
#include "program/program.h"

namespace maas {

// What integers are that no rule of the graph bounds.
enum class UnboundIntegers { kRandomBits, kZeros, kOnes };

// A tensor for each of program.user_inputs(), of its declared type under `symbols`; the same for
// the same seed. Floats are drawn from N(0, 1), uint8 are random bytes, numbers that are used as
// indices are random integers within their limits (index_limits.h), offsets of bags begin at 0 and
// do not fall, other integers are as `unbound` says, booleans 0 or 1.
std::vector<at::Tensor> made_inputs(const Program& program, const SymbolValues& symbols,
                                    uint64_t seed,
                                    UnboundIntegers unbound = UnboundIntegers::kRandomBits);

}  // namespace maas
