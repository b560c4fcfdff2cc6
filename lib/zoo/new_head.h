// A network that exists -> the same with a new last layer, for other outputs
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "program/program.h"
#include "sample/spec.h"

namespace maas {

struct WithNewHead {
  Program program;
  std::string told;  // "fc.weight [1000, 512] -> [4, 512]; a softmax behind it is left out"
};

// `network` with task.outputs() outputs: the weights of its last layer (program/last_layer.h) are
// drawn anew as PyTorch's Linear draws them, uniform in +-1/sqrt(inputs), in the old type and with
// a bias where there was one. A softmax, a sigmoid or the way back to the units of old targets is
// left out, for the new outputs are logits, or values in the units of the task's scales
// (target_scale.h). All else is shared, not copied. The same seed gives the same weights. Throws
// what find_last_layer() throws, and Error{kUsage} when what stands behind the layer takes no
// other number of outputs. `where` names the network's file.
WithNewHead with_new_head(Program network, const TaskSpec& task, uint64_t seed,
                          const std::string& where);

}  // namespace maas
