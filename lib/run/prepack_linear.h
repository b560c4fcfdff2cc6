// Fully connected layers without the work that is the same in every call.
#pragma once

#include "program/program.h"

namespace maas {

// Every linear on a matrix whose weight is known becomes addmm with a turned weight (a view, so
// memory is shared): two dispatches less a call. Weights packed for MKL or oneDNN were measured and
// not taken: within 3 % of addmm, or slower (docs/results.md).
Program prepack_linear(Program program);

}  // namespace maas
