// Which layers of a network can be quantized, and where activations are to be rounded
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// A product with a weight that is known: linear, convolution, or a table of an embedding.
struct QuantizableLayer {
  enum class Kind { kLinear, kConvolution, kEmbedding };
  Kind kind = Kind::kLinear;
  size_t node = 0;    // index
  std::string name;   // of the weight without ".weight": "fc1"
  at::Tensor weight;  // float32 [O, ...]; embedding [rows, width]
  ValueId weight_id = kNoValue;
  ValueId input = kNoValue;  // what it multiplies, float32; an embedding's indices
};

// The program in the form in which layers are looked for: decomposed exports as layers again
// (run/recompose.h), products with weights [K, O] as linears, batch norms folded into the layers
// before them (run/fold_batch_norm.h). Computes the same up to rounding. `program` is in evaluation
// mode.
Program prepared_for_quantization(Program program);

// In graph order. Tables of embeddings count from 4096 numbers and 16 columns on: below, scales and
// extra operators cost what the integers save.
std::vector<QuantizableLayer> quantizable_layers(const Program& program);

// The values to round so that every one of `layers` (linears and convolutions) reads integers: each
// as near to where it is made as maxima and reshaping allow, which keep integers as they are. Once
// each, in graph order.
std::vector<ValueId> activation_points(const Program& program,
                                       const std::vector<QuantizableLayer>& layers);

// Operators that hand every value on, or the largest of some, so that rounded values stay rounded:
// max pooling, reshaping, dropout that is off.
bool keeps_integers(const Node& node);
ValueId carried_from(const Node& node);  // the value that such an operator hands on

// Operators that read rounded values without harm beside the quantized layers: sums, maxima, means,
// ReLU, concatenation, reshaping.
bool takes_rounded(const Node& node);

}  // namespace maas
