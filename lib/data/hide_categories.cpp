#include "data/hide_categories.h"

#include "data/counter_random.h"

namespace maas {

at::Tensor hidden_categories(const at::Tensor& categorical, double share, uint64_t seed) {
  at::Tensor out = categorical.clone();
  auto* values = out.mutable_data_ptr<int64_t>();
  CounterRandom random(seed, 0);
  for (int64_t i = 0; i < out.numel(); ++i) {
    if (random.uniform() < share) values[i] = 0;
  }
  return out;
}

}  // namespace maas
