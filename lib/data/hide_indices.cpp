#include "data/hide_indices.h"

#include "data/counter_random.h"

namespace maas {

at::Tensor hidden_indices(const at::Tensor& indices, double share, uint64_t seed) {
  at::Tensor out = indices.clone();
  auto* values = out.mutable_data_ptr<int64_t>();
  CounterRandom random(seed, 0);
  for (int64_t i = 0; i < out.numel(); ++i) {
    if (random.uniform() < share) values[i] = 0;
  }
  return out;
}

}  // namespace maas
