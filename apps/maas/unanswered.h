// Rows for which a model gives NaN: a prediction must not pass them over
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "output.h"

namespace maas {

class Unanswered {
 public:
  // An output [K] of one row, or [N, ...] of N rows; whole numbers are always answers.
  void count(const at::Tensor& output);
  // A warning when there were any; throws Error{kFailed} naming `model` when they are more than
  // half of all.
  void tell(const std::string& model, const Output& output) const;

 private:
  int64_t rows_ = 0, broken_ = 0;
};

}  // namespace maas
