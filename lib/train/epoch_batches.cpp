#include "train/epoch_batches.h"

#include <ATen/ops/cat.h>
#include <fmt/format.h>

#include <algorithm>

#include "data/augment.h"
#include "data/hide_indices.h"
#include "tensor/random.h"

namespace maas {

int64_t EpochBatches::steps() const {
  const int64_t all = order.steps();
  return all > 1 && order.index(all - 1).size(0) < smallest ? all - 1 : all;
}

at::Tensor EpochBatches::index(int64_t step) const {
  const bool takes_rest = step == steps() - 1 && steps() < order.steps();
  return takes_rest ? at::cat({order.index(step), order.index(step + 1)}) : order.index(step);
}

Batch EpochBatches::load(int64_t step) const {
  Batch batch = load_batch(*samples, index(step));
  const auto global = static_cast<uint64_t>(first_step + step);
  const InputSpec& form = samples->spec().input;
  const size_t categorical = form.numeric_features().empty() ? 0 : 1;
  if (hide_categories > 0 && !form.categorical_columns().empty()) {
    at::Tensor& values = batch.inputs.at(categorical);
    values = hidden_indices(values, hide_categories, mix_seed(seed, "hide_categories", global));
  }
  if (hide_text > 0 && form.has_text()) {
    at::Tensor& values = batch.inputs.back();
    values = hidden_indices(values, hide_text, mix_seed(seed, "hide_text", global));
  }
  if (augments.empty()) return batch;
  batch.inputs[0] = augment(batch.inputs[0], augments, mix_seed(seed, "augment", global));
  return batch;
}

std::string EpochBatches::name_of(int64_t step) const {
  constexpr int64_t kMost = 3;
  const at::Tensor rows = index(step);
  std::string names;
  for (int64_t i = 0; i < std::min(rows.size(0), kMost); ++i) {
    names += (i > 0 ? ", " : "") + samples->name_of(rows.const_data_ptr<int64_t>()[i]);
  }
  return fmt::format("batch {} ({}{})", step, names, rows.size(0) > kMost ? ", ..." : "");
}

}  // namespace maas
