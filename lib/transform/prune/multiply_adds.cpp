#include "transform/prune/multiply_adds.h"

#include "program/summary.h"

namespace maas {

NetworkSize network_size(const Program& program) {
  NetworkSize size;
  for (const LayerSummary& row : summarise_layers(program)) size.multiply_adds += row.macs;
  for (const GraphInput& input : program.inputs) {
    if (input.kind != GraphInput::Kind::kParameter) continue;
    int64_t elements = 1;
    for (const Dim& dim : program.value(input.value).shape) elements *= dim.size;
    size.parameters += elements;
  }
  return size;
}

}  // namespace maas
