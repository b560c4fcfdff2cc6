// Preprocessing as a part of the graph: what stands before every network.
#pragma once

#include "data/spec.h"
#include "zoo/build_model.h"

namespace maas {

// Adds the data's inputs to `g` and returns float32 [B, C, H, W] for images (in [0, 1], or
// standardised by channel), [B, F] for tables (standardised numbers, then encoded categories).
Handle prepared_input(GraphBuilder& g, const DataSpec& data, const BuildOptions& options);

}  // namespace maas
