// Two graphs in a row.
#pragma once

#include "program/program.h"

namespace maas {

// `first`'s only user output becomes `second`'s only user input; the result takes first's user
// inputs and gives second's outputs. Their tensors are shared, names that both have get "pre_" in
// front in `first`. The symbols of `first` are renamed to those at the same place of second's
// input. Precondition (checked): one output, one input, equal dtypes and ranks.
Program compose(const Program& first, const Program& second);

}  // namespace maas
