// One node, ready to be called through libtorch's dispatcher.
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "program/program.h"

namespace c10 {
class OperatorHandle;
}

namespace maas {

// Values of a running graph, by ValueId (or by a plan's slot numbers).
using Slots = std::vector<c10::IValue>;

// Arguments laid out on a stack template once; a call copies the template, patches in the values
// and dispatches. Immutable; may be called from many threads with different slots.
class Call {
 public:
  // Matches the node's arguments with the operator's schema: every name known, every required one
  // given, types that fit, numbers given for tensors wrapped, ints for floats widened. Throws
  // Error{kInput} naming the node (its index and first result), the operator, and what is wrong.
  Call(const Program& program, const Node& node, int64_t node_index);
  ~Call();
  Call(Call&&) noexcept;

  // `slots` is indexed by ValueId, or by what set_slots renamed them to. Throws what libtorch
  // throws; of an operator that takes indices (index_limits.h), c10::IndexError.
  void run(Slots& slots) const;

  // Renames values to slot numbers; -1 for results that nobody reads.
  void set_slots(const std::function<int32_t(ValueId)>& slot_of);

  // Replaces constant device arguments (for evaluation on the meta device).
  void set_device(at::Device device);

 private:
  friend class CallBuilder;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// True when the operator's schema writes into its arguments: in-place and out= forms.
bool writes_arguments(const Node& node);

// "node 12 (%relu_3 = aten::relu)".
std::string describe_node(const Program& program, const Node& node, int64_t node_index);

}  // namespace maas
