#include "data/batches.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/empty.h>

#include <algorithm>

#include "base/error.h"
#include "data/counter_random.h"

namespace maas {

at::Tensor permutation(int64_t size, uint64_t seed, uint64_t stream) {
  MAAS_CHECK(size >= 0);
  at::Tensor order = at::empty({size}, at::kLong);
  auto* values = order.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < size; ++i) values[i] = i;
  CounterRandom random(seed, stream);
  for (int64_t i = size - 1; i > 0; --i) {
    std::swap(values[i], values[random.below(static_cast<uint64_t>(i) + 1)]);
  }
  return order;
}

BatchOrder::BatchOrder(at::Tensor order, int64_t batch_size)
    : order_(std::move(order)), batch_size_(batch_size) {
  MAAS_CHECK(order_.size(0) >= 1 && batch_size_ >= 1);
}

BatchOrder::BatchOrder(int64_t size, int64_t batch_size, uint64_t seed, int64_t epoch)
    : BatchOrder(permutation(size, seed, static_cast<uint64_t>(epoch)), batch_size) {}

BatchOrder BatchOrder::in_order(int64_t size, int64_t batch_size) {
  return {at::arange(size, at::kLong), batch_size};
}

at::Tensor BatchOrder::index(int64_t step) const {
  MAAS_CHECK(step >= 0 && step < steps());
  const int64_t start = step * batch_size_;
  return order_.narrow(0, start, std::min(batch_size_, order_.size(0) - start));
}

Batch load_batch(const Dataset& dataset, const at::Tensor& index) {
  MAAS_CHECK(index.dim() == 1 && index.scalar_type() == at::kLong);
  const at::Tensor rows = index.contiguous();
  const auto* values = rows.const_data_ptr<int64_t>();
  const int64_t size = dataset.size();
  MAAS_CHECK(std::all_of(values, values + rows.size(0),
                         [&](int64_t row) { return row >= 0 && row < size; }));
  return dataset.rows(rows);
}

}  // namespace maas
