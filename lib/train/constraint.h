// What holds after every step: a mask, a range, a schedule of masks
#pragma once

#include <cstdint>

#include "tensor/safetensors.h"

namespace maas {

// Owned by the job; used on the training thread alone.
class Constraint {
 public:
  virtual ~Constraint() = default;

  // After the update of step number `step` of `steps` (from 1), and once before the first with step
  // 0. Changes tensors in place. `weights`: the trained parameters by name; `optimizer`: the
  // optimizer's state as Optimizer::state() names it ("momentum/<i>", i counting the trained
  // parameters in the order of their names).
  virtual void apply(int64_t step, int64_t steps, const TensorMap& weights,
                     const TensorMap& optimizer) = 0;

  // What a checkpoint must hold, beside load_state(), which gets it back before the first step of a
  // resumed run and throws Error{kInput} when it does not fit. Tensors are shared, not copied.
  virtual TensorMap state() const = 0;
  virtual void load_state(const TensorMap& saved) = 0;
};

}  // namespace maas
