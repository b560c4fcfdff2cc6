#include "train/epoch_batches.h"

#include <fmt/format.h>

#include <algorithm>

#include "data/augment.h"
#include "tensor/random.h"

namespace maas {

Batch EpochBatches::load(int64_t step) const {
  Batch batch = load_batch(*samples, order.index(step));
  if (augments.empty()) return batch;
  const auto global = static_cast<uint64_t>(first_step + step);
  batch.inputs[0] = augment(batch.inputs[0], augments, mix_seed(seed, "augment", global));
  return batch;
}

std::string EpochBatches::name_of(int64_t step) const {
  constexpr int64_t kMost = 3;
  const at::Tensor rows = order.index(step);
  std::string names;
  for (int64_t i = 0; i < std::min(rows.size(0), kMost); ++i) {
    names += (i > 0 ? ", " : "") + samples->name_of(rows.const_data_ptr<int64_t>()[i]);
  }
  return fmt::format("batch {} ({}{})", step, names, rows.size(0) > kMost ? ", ..." : "");
}

}  // namespace maas
