// Whether rows of several requests may be computed in one call.
#pragma once

#include "program/program.h"
#include "run/row_plans.h"

namespace maas {

// True when the first dimension of every input and output is one and the same free size, and three
// random rows (export/samples.h) give together what each gives alone, up to the rounding of its
// type, and the first does so too when the others are zero or far larger. What mixes rows (a norm
// over the batch, a draw) or cannot be tried is computed by itself. It is a trial, not a proof.
// Runs the program a dozen times.
bool joins_rows(const Program& program, const RowPlans& plans);

}  // namespace maas
