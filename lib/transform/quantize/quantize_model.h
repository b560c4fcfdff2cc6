// Quantizing as a transform: a model in, the int8 network and its report rows out
#pragma once

#include "transform/quantize/quantized.h"
#include "transform/transform.h"

namespace maas {

// Rows for every layer that was looked at: "w8a8" or "w8", signal to noise of its weight in
// decibels, the largest scale of its channels; and for every rounded activation its range. Throws
// what quantized() throws.
Rewritten quantize_model(const Model& model, const QuantizeJob& job);

}  // namespace maas
