// Preprocessing as a part of the graph: what stands before every network.
#pragma once

#include "sample/spec.h"
#include "zoo/build_model.h"

namespace maas {

// Adds the data's inputs to `g` and returns float32: [B, C, H, W] for images, [B, F] for tables
// (numbers, then their bins, encoded categories, texts), normalised as the options say.
Handle prepared_input(GraphBuilder& g, const DataSpec& data, const BuildOptions& options);

}  // namespace maas
