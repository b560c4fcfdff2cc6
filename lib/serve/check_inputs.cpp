#include "serve/check_inputs.h"

#include <ATen/Dispatch_v2.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <type_traits>

#include "base/throw_error.h"

namespace maas {
namespace {

// Of a float what is left without its fraction counts. No unsigned value above the signed range is
// an index.
template <class T>
bool is_within(T value, const ValueRange& range) {
  if constexpr (std::is_floating_point_v<T>) {
    const double whole = std::trunc(value);  // NaN is in no range
    return whole >= static_cast<double>(range.lowest) &&
           whole <= static_cast<double>(range.highest);
  } else {
    const auto index = static_cast<int64_t>(value);
    return index >= range.lowest && index <= range.highest;
  }
}

template <class T>
void check_values(const at::Tensor& tensor, const ValueRange& range, const std::string& where) {
  const T* values = tensor.const_data_ptr<T>();
  const int64_t size = range.dim < 0 ? 1 : tensor.size(range.dim);
  const int64_t stride = range.dim < 0 ? 1 : tensor.stride(range.dim);
  for (int64_t i = 0; i < tensor.numel(); ++i) {
    const int64_t place = i / stride % size;
    if (range.dim >= 0 && (place < range.begin || place >= range.end)) continue;
    if (is_within(values[i], range)) continue;
    throw_input(where, fmt::format("value {} is {}", i, values[i]),
                fmt::format("{} to {}: {}", range.lowest, range.highest, range.reason));
  }
}

}  // namespace

void check_input_shape(const std::vector<int64_t>& shape, const TensorInfo& info,
                       int64_t max_batch) {
  const std::string where = "input '" + info.name + "'";
  bool fits = shape.size() == info.shape.size();
  for (size_t i = 0; fits && i < shape.size(); ++i) {
    fits = info.shape[i] == -1 || info.shape[i] == shape[i];
  }
  if (!fits) {
    throw_input(where, fmt::format("has shape [{}]", fmt::join(shape, ", ")),
                fmt::format("[{}]", fmt::join(info.shape, ", ")));
  }
  if (max_batch > 0 && !shape.empty() && info.shape[0] == -1 && shape[0] > max_batch) {
    throw_input(where, fmt::format("has {} rows", shape[0]), fmt::format("at most {}", max_batch));
  }
}

void check_input_values(const at::Tensor& tensor, const TensorInfo& info) {
  for (const ValueRange& range : info.values) {
    if (at::isFloatingType(info.dtype)) {
      check_values<double>(tensor.to(at::kDouble).contiguous(), range, "input '" + info.name + "'");
      continue;
    }
    AT_DISPATCH_V2(info.dtype, "check_values", AT_WRAP([&] {
                     check_values<scalar_t>(tensor, range, "input '" + info.name + "'");
                   }),
                   AT_EXPAND(AT_INTEGRAL_TYPES), AT_EXPAND(AT_BAREBONES_UNSIGNED_TYPES));
  }
}

void check_inputs(const std::vector<at::Tensor>& inputs, const SessionInfo& info,
                  int64_t max_batch) {
  MAAS_CHECK(inputs.size() == info.inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) {
    check_input_shape(inputs[i].sizes().vec(), info.inputs[i], max_batch);
    check_input_values(inputs[i], info.inputs[i]);
  }
}

}  // namespace maas
