// Computing once what does not depend on the input.
#pragma once

#include "program/program.h"

namespace maas {

// Evaluates nodes that read weights, buffers and constants only (masks, positions, turned or
// reshaped weights), and puts their results in as parameters. Random operators, results above 64
// MiB and buffers that the program changes are left alone. For programs whose weights stay as they
// are.
Program fold_constants(Program program);

// The same for views of weights alone, which see every later change of the weights in place: right
// for a program that is being trained.
Program fold_views_of_weights(Program program);

}  // namespace maas
