// Weights that are stored in int8 stay so
#pragma once

#include "program/program.h"

namespace maas {

// Every `aten::linear` that still reads an int8 weight times its scales (QuantizedWeight of
// program/quantized_form.h) becomes a maas::packed_linear (run/lower/packed_linear.h) with that
// weight in int8: a quarter of the memory that float32 would take, the same numbers but for
// rounding, as the scale comes behind the sum. After quantized_layers(), which multiplies integers,
// and before constants are folded.
Program int8_weights(Program program);

}  // namespace maas
