// How many rows a training step needs at least
#pragma once

#include <cstdint>

#include "program/program.h"

namespace maas {

// 2 for a network in training mode with a batch norm that sees one number a channel and row: of one
// row it has no variance, and PyTorch refuses it. Else 1.
int64_t smallest_batch(const Program& program);

}  // namespace maas
