// Regions of an exported graph in which PyTorch records gradients, and others in which it does not.
#pragma once

#include <set>

#include "program/program.h"
#include "tensor/json_view.h"

namespace maas {

// For a reader that inlines wrap_with_set_grad_enabled(flag, graph, arguments...). What is made in
// a region without gradients is detached where a region with gradients reads it, within that region
// or after it; what only passes through is not.
class GradientRegions {
 public:
  // Enters the region of a wrapper, which may be about something else; returns the mode outside.
  bool enter(const JsonView& wrapper);
  void leave(bool mode_outside) { enabled_ = mode_outside; }
  // A node of the current region.
  void note(const Program& program, const Node& node);
  // A value that crosses into the current region: itself, or its detached form (a new node).
  ValueId as_read_here(Program& program, ValueId value) const;

 private:
  bool enabled_ = true;
  std::set<ValueId> made_without_;
};

}  // namespace maas
