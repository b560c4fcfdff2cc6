// Operators that take a tensor apart: into how many pieces.
#pragma once

#include <cstdint>
#include <string>

#include "call/call.h"
#include "program/program.h"

namespace maas {

// Pieces that the shape rule of any operator may make: each is a tensor with a header of its own,
// also where it has no memory. A million steps of a recurrent layer are within it.
constexpr int64_t kMostPieces = int64_t{1} << 20;

// Throws Error{kInput} at `where` when the node would take one of the tensors in `slots` (by
// ValueId) into more than kMostPieces: unbind, split, chunk and the steps of recurrent layers.
void check_pieces(const Node& node, const Slots& slots, const std::string& where);

}  // namespace maas
