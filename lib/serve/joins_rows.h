// Whether rows of several requests may be computed in one call.
#pragma once

#include "program/program.h"
#include "run/row_plans.h"

namespace maas {

// True when the first dimension of every input and output is one and the same free size, and three
// random rows (export/samples.h) give together what each gives alone, up to the rounding of its
// type. What mixes rows (a norm over the batch, a draw) or cannot be tried is computed by itself.
// Runs the program four times.
bool joins_rows(const Program& program, const RowPlans& plans);

}  // namespace maas
