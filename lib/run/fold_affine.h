// Scaling and shifting by constants in one go.
#pragma once

#include "program/program.h"

namespace maas {

// A chain of additions, subtractions, products and quotients with numbers and float32 buffers or
// constants (pixels / 255, minus the mean, by the standard deviation) becomes one x * a + b. Only
// where nothing else reads what is between, where no parameter takes part (right for training too)
// and where a and b have one element for each channel at most.
Program fold_affine(Program program);

}  // namespace maas
