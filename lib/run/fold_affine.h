// Scaling and shifting by constants in one go.
#pragma once

#include "program/program.h"

namespace maas {

// A chain of additions, subtractions, products and quotients with numbers and float32 buffers or
// constants (pixels / 255, minus the mean, by the standard deviation) becomes one x * a + b. Only
// where nothing else reads what is between, where no parameter takes part (right for training too)
// and where a and b have one element for each channel at most.
//
// And only where x holds bytes, converted: of other numbers nothing is known, and (x - mean) / std
// is exact where x * a + b cancels. For x from 0 to 255 and |b| <= 16 * 255 * |a|, rounding a, b,
// the product and the sum to float32 errs by less than 33 * 2^-24 * 255 * |a| altogether: 2000
// times less than one byte is from the next. Nothing overflows on the way, here or in the chain.
Program fold_affine(Program program);

}  // namespace maas
