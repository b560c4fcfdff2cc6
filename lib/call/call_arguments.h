// One argument of a node, as the dispatcher takes it.
#pragma once

#include <ATen/core/ivalue.h>

#include <optional>
#include <string>
#include <vector>

#include "call/call.h"
#include "program/program.h"

namespace c10 {
struct Argument;
}

namespace maas {

// A place on a call's stack that is filled anew in every run.
enum class PatchKind { kValue, kTensorList, kOptionalTensorList, kIntList, kNumberToTensor };

struct Patch {
  PatchKind kind = PatchKind::kValue;
  size_t position = 0;           // on the stack
  std::vector<int32_t> slots;    // -1 = the constant (or None) at that place
  std::vector<int64_t> numbers;  // kIntList: the constants

  c10::IValue filled(const Slots& slots) const;
};

struct ConvertedArgument {
  c10::IValue constant;
  std::optional<Patch> patch;  // where values of the graph (by ValueId) go in; position 0
};

// Converts `argument` to the type that the operator's schema gives `parameter`. Ints are taken for
// floats and numbers for tensors; dtypes, memory formats and layouts must be ones that exist.
// Throws Error{kInput} at `where` saying what was found and which type was expected.
ConvertedArgument convert_argument(const Program& program, const std::string& where,
                                   const c10::Argument& parameter, const Argument& argument);

}  // namespace maas
