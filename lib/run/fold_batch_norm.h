// A lowering pass; see lower.h.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>

#include "program/program.h"

namespace maas {

// Multiplies the scale of an inference batch norm into the convolution or linear layer before it,
// when nobody else reads the layer's result, all weights are float32, and what comes of them are
// numbers from 1e-18 to 1e18 or 0: others would overflow or lose digits on the way. Weights are
// copied, never changed: "conv1.weight" becomes "conv1.folded_weight", and a bias
// "conv1.folded_bias".
Program fold_batch_norm(Program program);

// What a batch norm with statistics that are known does: (x - mean) scale + shift, float64
// [channels]; nullopt for other nodes, for weights that are no float32, and where the numbers are
// of no reasonable size. `weights`: tensors_by_value().
struct KnownNorm {
  at::Tensor mean, scale, shift;
};
std::optional<KnownNorm> known_norm(const Node& node, const std::map<ValueId, at::Tensor>& weights);

}  // namespace maas
