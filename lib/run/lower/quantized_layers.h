// Networks of the stored int8 form, computed in integers
#pragma once

#include "program/program.h"
#include "run/target.h"

namespace maas {

enum class Int8Choice { kFaster, kAlways, kNever };

// A lowering pass, before constants are folded: layers of the stored form
// (program/quantized_form.h) become int8 products where those are faster at the sizes that the
// graph has as hints and with the calling thread's number of threads. Integers flow from layer to
// layer: through ReLU, residual sums, max-pooling and views, and out of a layer straight onto the
// grid of what reads it. What stays in float32 is rounded as the stored form says. Against the
// stored graph, a value may be off by one step of its grid: oneDNN rounds once where the stored
// form rounds and then adds. On a CPU whose 8-bit products overflow (int8_products_are_exact())
// every layer stays in float32.
// `times` judge for kFaster; with nullptr integers are always faster.
Program quantized_layers(Program program, Int8Choice choice, KernelTimes* times = nullptr);

}  // namespace maas
