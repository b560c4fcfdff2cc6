// Python's arithmetic on sizes, as exported graphs hold it: "_operator::floordiv", "math::ceil".
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <string>

namespace maas {

struct Arithmetic {
  using Function = c10::IValue (*)(const torch::jit::Stack& arguments);

  size_t operands = 0;
  // Arguments are ints, doubles or bools, `operands` of them. Throws Error{kInput} on division by
  // zero and where a result does not fit 64 bits.
  Function run = nullptr;
};

// nullptr when there is no such operator. The result lives as long as the process.
const Arithmetic* find_arithmetic(const std::string& op);

}  // namespace maas
