// A dataset whose samples are their own numbers.
#pragma once

#include <ATen/ops/arange.h>

#include <memory>
#include <string>
#include <vector>

#include "data/tensor_dataset.h"

namespace maas {

inline std::vector<int64_t> values(const at::Tensor& index) {
  const auto* data = index.const_data_ptr<int64_t>();
  return {data, data + index.numel()};
}

inline std::shared_ptr<const Dataset> counting_dataset(int64_t size) {
  return tensor_dataset({.inputs = {at::arange(size, at::kFloat).view({size, 1})},
                         .targets = at::arange(size, at::kLong),
                         .spec = {},
                         .name_of = [](int64_t i) { return "row:" + std::to_string(i); }});
}

}  // namespace maas
