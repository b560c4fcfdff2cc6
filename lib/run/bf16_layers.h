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

// The largest difference between the outputs of the program in bfloat16 and in float32, in parts of
// the largest output, on made-up inputs of `rows` rows (run/measure_plan.h); infinity where only
// one of them is finite. Throws what Plan::compile and working_inputs throw.
double bf16_difference(const Program& program, int64_t rows);

// Above this bf16_difference() a network is computed in float32.
inline constexpr double kMostBf16Difference = 0.02;

// kBf16 where the network's outputs bear it; else kFp32, and `why` says what was found.
Precision bearable_precision(const Program& program, int64_t rows, std::string& why);

}  // namespace maas
