// Python's arithmetic on sizes, as exported graphs hold it: "_operator::floordiv", "math::ceil".
#pragma once

#include <ATen/core/ivalue.h>
#include <ATen/core/stack.h>

#include <string>

namespace maas {

// Arguments are ints, doubles or bools. Throws Error{kInput} on division by zero.
using Arithmetic = c10::IValue (*)(const torch::jit::Stack& arguments);

// nullptr when there is no such operator.
Arithmetic find_arithmetic(const std::string& op);

}  // namespace maas
