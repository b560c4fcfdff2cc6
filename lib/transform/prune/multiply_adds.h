// The size of a network in what it computes and what it stores
#pragma once

#include <cstdint>

#include "program/program.h"

namespace maas {

struct NetworkSize {
  int64_t multiply_adds = 0;  // a sample, as summarise_layers() counts them
  int64_t parameters = 0;     // elements
};

// From the declared shapes alone: right for UnitsInValues::with_sizes() as for a network that runs.
// O(nodes).
NetworkSize network_size(const Program& program);

}  // namespace maas
