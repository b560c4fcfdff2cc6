// A lowering pass; see lower.h.
#pragma once

#include "program/program.h"

namespace maas {

// An inference batch norm of known statistics, with a ReLU or ReLU6 behind it or none, that only a
// maas::packed_convolution of one place reads (run/lower/packed_convolution.h) moves into that: the
// input is normed tile by tile where it is read.
Program take_norms(Program program);

}  // namespace maas
