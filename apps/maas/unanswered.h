// Rows to which a model gives no answer, since its outputs are NaN or infinite
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "output.h"

namespace maas {

class Unanswered {
 public:
  // What becomes of such rows, for messages: "they count as wrong".
  explicit Unanswered(std::string consequence) : consequence_(std::move(consequence)) {}

  void add(int64_t rows, int64_t broken) { rows_ += rows, broken_ += broken; }
  // An output [K] of one row, or [N, ...] of N rows; whole numbers are always answers, and so are
  // infinities, which a network may mean.
  void count(const at::Tensor& output);
  // A warning when there were any.
  void warn(const Output& output) const;
  // The same; throws Error{kFailed} naming `model` when they are more than half of all.
  void tell(const std::string& model, const Output& output) const;

 private:
  std::string what() const;

  std::string consequence_;
  int64_t rows_ = 0, broken_ = 0;
};

}  // namespace maas
