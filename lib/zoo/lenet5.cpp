// LeNet-5, LeCun et al. 1998, in its modern form: ReLU (or the configured activation) and
// max-pooling instead of scaled tanh and subsampling, wider convolutions (32 and 64), one hidden
// layer less. Takes any image of at least 12 x 12.
#include "zoo/build_model.h"

namespace maas {

Handle build_lenet5(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  x = g.activation(config.activation, g.conv2d("conv1", x, 32, 5, {.padding = 2}));
  x = g.max_pool2d(x, 2, 2, 0);
  x = g.activation(config.activation, g.conv2d("conv2", x, 64, 5, {}));
  x = g.max_pool2d(x, 2, 2, 0);
  x = g.dropout(g.flatten(x), config.dropout);
  x = g.activation(config.activation, g.linear("fc1", x, 128));
  x = g.dropout(x, config.dropout);
  return g.linear("fc2", x, outputs);
}

}  // namespace maas
