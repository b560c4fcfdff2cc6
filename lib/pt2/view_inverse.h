// Putting a changed part back into the whole that it is a view of.
#pragma once

#include <optional>

#include "program/program.h"

namespace maas {

// Whether the result of an operator shares memory with its first argument; reshape and the like
// tell by the strides of the exported example.
enum class Sharing { kNever, kMaybe, kAlways };
Sharing sharing_of(const Program& program, const Node& node);

// The node that makes `whole` anew with `part`, the changed result of `view`, in its place:
// "select" becomes "select_scatter", a permutation is inverted. `output` is which of the view's
// results changed. The node has no outputs yet. nullopt for views without such an operator.
std::optional<Node> put_back(const Node& view, size_t output, ValueId whole, ValueId part);

}  // namespace maas
