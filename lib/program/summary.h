// A Program as a table of layers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

struct LayerSummary {
  std::string name;  // the module or parameter prefix ("fc1"), else the value's name
  std::string op;
  std::string output;  // dtype and shape
  int64_t parameters = 0;
  // Multiply-accumulates a sample, with the other symbols as in example_sizes(): products with
  // weights, of matrices, in attention and recurrent layers.
  int64_t macs = 0;
};

// One row a node, in order; nodes that only reshape are left out.
std::vector<LayerSummary> summarise_layers(const Program& program);

// Numbers that are learnt or stored in their place: parameters, and weights of 8 bits, which a
// quantized network keeps as buffers.
int64_t stored_weights(const Program& program);

}  // namespace maas
