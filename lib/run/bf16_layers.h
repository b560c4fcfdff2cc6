// Layers in bfloat16 where that is quicker here
#pragma once

#include <string>

#include "program/program.h"
#include "run/target.h"

namespace maas {

// Of timing that goes into a plan in bfloat16: who asks for it can wait.
inline constexpr double kBf16Seconds = 2;

// Whether this processor and libtorch compute layers in bfloat16 at all.
bool can_compute_bf16();

// A lowering pass, behind those that make oneDNN's layers. With target.precision == kBf16 the
// packed convolutions and products become bfloat16 where target.kernels finds that quicker: weights
// and inputs are rounded to 8 significant bits, sums are float32 (oneDNN), results are rounded;
// between two such layers numbers stay bfloat16. Else, and where can_compute_bf16() is false, the
// program as it is.
Program bf16_layers(Program program, const Target& target);

// Between the outputs of the program in bfloat16 and in float32.
struct Bf16Difference {
  int64_t layers = 0;  // that are in bfloat16; of none there is no difference
  // In parts of the largest output; infinity where only one of them is finite, or none is.
  double largest = 0;
};

// With the layers that are in bfloat16 for batches of `rows`, on made-up inputs (measure_plan.h) of
// as many rows, at least 64 where the program takes them. Throws what Plan::compile and
// working_inputs throw.
Bf16Difference bf16_difference(const Program& program, int64_t rows);

// Above this bf16_difference() a network is computed in float32.
inline constexpr double kMostBf16Difference = 0.02;

// How bearable_precision() says that it would change nothing.
inline constexpr const char* kNoBf16Layer = "no layer is quicker in bfloat16 here";

// kBf16 where the network's outputs bear it; else kFp32, and `why` says what was found.
Precision bearable_precision(const Program& program, int64_t rows, std::string& why);

}  // namespace maas
