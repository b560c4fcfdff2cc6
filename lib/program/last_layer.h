// The layer that gives a network its outputs, found from the output backwards
#pragma once

#include <string>
#include <vector>

#include "program/program.h"

namespace maas {

// A linear layer, or a convolution with a window of one place, whose rows are the outputs.
struct LastLayer {
  size_t node = 0;     // the product or convolution
  std::string weight;  // of the parameter: [outputs, inputs], or [outputs, inputs, 1, 1]
  std::string bias;    // "" = none
  int64_t outputs = 0;
  // Nodes between the layer and the output, which comes first: those that squash or scale what it
  // gives (a softmax, the way back to the targets' units), and those that only pool or reshape.
  std::vector<size_t> squashes, shapes;

  std::vector<std::string> parameters() const;
};

// Of the first user output, [batch, outputs] or [batch]. Also in the forms of decomposed exports
// (addmm, mm, matmul with a weight that the graph turns; a bias that is added behind). Throws
// Error{kUsage} that says what was found instead: another operator, a weight that is no parameter
// (int8, say), a layer that something else reads as well. `where` begins the message.
LastLayer find_last_layer(const Program& program, const std::string& where);

}  // namespace maas
