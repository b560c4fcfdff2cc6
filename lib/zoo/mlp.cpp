// Fully connected layers. Rumelhart, Hinton, Williams 1986; batch norm before the activation as in
// Ioffe and Szegedy 2015.
#include <fmt/format.h>

#include "zoo/build_model.h"

namespace maas {

Handle build_mlp(GraphBuilder& g, Handle x, const ModelConfig& config, int64_t outputs) {
  if (g.shape(x).size() > 2) x = g.flatten(x);
  int64_t number = 1;
  for (const int64_t width : config.hidden) {
    x = g.linear(fmt::format("fc{}", number), x, width);
    if (config.batch_norm) x = g.batch_norm(fmt::format("bn{}", number), x);
    x = g.activation(config.activation, x);
    x = g.dropout(x, config.dropout);
    ++number;
  }
  return g.linear(fmt::format("fc{}", number), x, outputs);
}

}  // namespace maas
