// A layer of the stored form (program/quantized_form.h), and the node that computes it in integers
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "program/quantized_form.h"
#include "run/lower/integer_spans.h"

namespace maas {

struct Int8Layer {
  enum class Kind { kLinear, kTokenLinear, kConvolution };
  Kind kind = Kind::kLinear;
  ValueId input = kNoValue;  // what is multiplied: rounded; kTokenLinear: before it is rounded
  QuantizedWeight weight;    // [O, K] or [O, I / groups, kernel height, kernel width]
  at::Tensor bias;           // float32 [O], or undefined
  std::vector<int64_t> stride, padding, dilation;  // of a convolution, two each
  int64_t groups = 1;
};

// The node as a layer, if it is one of the stored form whose sums fit in 32 bits: conv2d, linear or
// addmm. Whether `input` is rounded onto a grid is the caller's question, but for kTokenLinear.
// `tensors` are those of tensors_by_value(program).
std::optional<Int8Layer> int8_layer(const Program& program, const Node& node,
                                    const std::map<ValueId, at::Tensor>& tensors);

// What stands between the sums and the result.
struct LayerEnd {
  bool relu = false;
  bool rounded = false;    // uint8 on `grid`, otherwise float32
  ValueId sum = kNoValue;  // convolutions: added before ReLU, and written over; of the same dtype
  AffineGrid grid, sum_grid = {};
};

// Adds packed weights to the program, and returns the node without results. `q` is uint8 on
// `input_grid`, channels-last for convolutions; float32 for kTokenLinear. `like` has the input's
// shape.
Node int8_node(Program& program, const Int8Layer& layer, ValueId q, const AffineGrid& input_grid,
               const LayerEnd& end);

// The same layer with float32 weights, reading `x`, for comparison: linear or conv2d.
Node float_node(Program& program, const Int8Layer& layer, ValueId x);

// Do this CPU and this libtorch multiply 8-bit integers without an overflow on the way? Without
// VNNI oneDNN adds pairs in 16 bits. Asked once a process, by multiplying.
bool int8_products_are_exact();

}  // namespace maas
