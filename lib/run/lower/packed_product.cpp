#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#include "run/lower/packed_product.h"

#include <ATen/ops/constant_pad_nd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <type_traits>
#include <vector>

#include "run/lower/vector_loops.h"
#include "run/lower/vector_sums.h"

namespace maas {
namespace {

template <class Vectors, int row_count, int vector_count, class Weight>
MAAS_INLINE inline void multiply_span(const PackedProduct& product, int64_t row,
                                      const Weight* weight, int64_t column) {
  using Floats = typename Vectors::Floats;
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
  constexpr int64_t kSpan = vector_count * kLanes;
  Floats sum[row_count][vector_count];  // NOLINT: std::array keeps it out of the registers
  begin_sums<Vectors>(sum, product.bias == nullptr ? nullptr : product.bias + column);
  for (int64_t tap = 0; tap < product.taps; ++tap) {
    const float* x[row_count];  // NOLINT
#pragma GCC unroll 8
    for (int r = 0; r < row_count; ++r) x[r] = product.x[tap * product.x_tap + row + r];
    for (int64_t k = 0; k < product.width; ++k, weight += kWeightBlock) {
      Floats w[vector_count];  // NOLINT
      if constexpr (std::is_same_v<Weight, float>) {
#pragma GCC unroll 8
        for (int64_t v = 0; v < vector_count; ++v)
          std::memcpy(&w[v], &weight[v * kLanes], sizeof(Floats));
      } else {
        float numbers[kSpan];  // NOLINT
        for (int64_t i = 0; i < kSpan; ++i) numbers[i] = static_cast<float>(weight[i]);
#pragma GCC unroll 8
        for (int64_t v = 0; v < vector_count; ++v)
          std::memcpy(&w[v], &numbers[v * kLanes], sizeof(Floats));
      }
#pragma GCC unroll 8
      for (int r = 0; r < row_count; ++r) {
        const float factor = x[r][k];
#pragma GCC unroll 8
        for (int64_t v = 0; v < vector_count; ++v) sum[r][v] += factor * w[v];
      }
    }
  }
  end_sums<Vectors>(sum, product.limits, product.sums + row * product.sums_row + column,
                    product.sums_row);
}

// For the columns of one block that there are, and row_count rows.
template <class Vectors, int row_count, class Weight>
MAAS_INLINE inline void multiply_block(const PackedProduct& product, int64_t row, int64_t column,
                                       const Weight* weight) {
  constexpr int64_t kLanes = sizeof(typename Vectors::Floats) / sizeof(float);
  const int64_t columns = std::min(kWeightBlock, product.columns - column);
  if constexpr (kLanes == 16) {
    switch ((columns + kLanes - 1) / kLanes) {
      case 1:
        return multiply_span<Vectors, row_count, 1>(product, row, weight, column);
      case 2:
        return multiply_span<Vectors, row_count, 2>(product, row, weight, column);
      case 3:
        return multiply_span<Vectors, row_count, 3>(product, row, weight, column);
      default:
        return multiply_span<Vectors, row_count, 4>(product, row, weight, column);
    }
  } else {
    constexpr int kVectors = 2, kMany = 8;  // of 16 registers
    int64_t first = 0;
    if constexpr (row_count == 1) {
      for (; first + kMany * kLanes <= columns; first += kMany * kLanes) {
        multiply_span<Vectors, 1, kMany>(product, row, weight + first, column + first);
      }
    }
    for (; first < columns; first += kVectors * kLanes) {
      multiply_span<Vectors, row_count, kVectors>(product, row, weight + first, column + first);
    }
  }
}

// In groups of rows that differ by one at most: a single row left over would wait for its sums.
template <class Vectors, class Weight>
MAAS_INLINE inline void multiply_rows(const PackedProduct& product, int64_t column,
                                      const Weight* weight) {
  const int64_t groups = (product.rows + kRowStep - 1) / kRowStep;
  const int64_t least = groups == 1 ? product.rows : product.rows / groups;
  const int64_t larger = product.rows - least * groups;  // of the groups
  int64_t count = 0;
  for (int64_t row = 0, group = 0; group < groups; ++group, row += count) {
    count = least + (group < larger ? 1 : 0);
    switch (count) {
      case 1:
        multiply_block<Vectors, 1>(product, row, column, weight);
        break;
      case 2:
        multiply_block<Vectors, 2>(product, row, column, weight);
        break;
      case 3:
        multiply_block<Vectors, 3>(product, row, column, weight);
        break;
      case 4:
        multiply_block<Vectors, 4>(product, row, column, weight);
        break;
      case 5:
        multiply_block<Vectors, 5>(product, row, column, weight);
        break;
      default:
        multiply_block<Vectors, 6>(product, row, column, weight);
        break;
    }
  }
}

template <class Vectors, class Weight>
MAAS_INLINE inline void multiply_blocks(const PackedProduct& product, const Weight* weight) {
  for (int64_t column = 0; column < product.columns; column += kWeightBlock) {
    multiply_rows<Vectors>(product, column, weight + column * product.taps * product.width);
  }
}

using WeakTensor = c10::weak_intrusive_ptr<c10::TensorImpl, c10::UndefinedTensorImpl>;

struct Shared {
  WeakTensor weight, packed;  // weights are known by where they are, as long as they are there
  uint32_t version;           // of the weight's numbers
};

uint32_t version_of(const at::Tensor& tensor) {
  return tensor.is_inference() ? 0 : static_cast<uint32_t>(tensor._version());
}

}  // namespace

at::Tensor shared_form(const at::Tensor& weight, at::Tensor (*pack)(const at::Tensor&)) {
  static std::mutex mutex;
  static std::map<std::pair<const void*, at::Tensor (*)(const at::Tensor&)>, Shared> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find({weight.unsafeGetTensorImpl(), pack});
  if (found != known.end() && found->second.version == version_of(weight)) {
    const at::Tensor alive(found->second.weight.lock());
    at::Tensor packed(found->second.packed.lock());
    if (alive.defined() && packed.defined()) return packed;
  }
  std::erase_if(known, [](const auto& entry) {
    return entry.second.weight.expired() || entry.second.packed.expired();
  });
  at::Tensor packed = pack(weight);
  known.insert_or_assign(std::pair(weight.unsafeGetTensorImpl(), pack),
                         Shared{WeakTensor(weight.getIntrusivePtr()),
                                WeakTensor(packed.getIntrusivePtr()), version_of(weight)});
  return packed;
}

int64_t packed_blocks(int64_t columns) { return (columns + kWeightBlock - 1) / kWeightBlock; }

at::Tensor pack_columns(const at::Tensor& weight) {
  const int64_t columns = weight.size(0), blocks = packed_blocks(columns);
  const at::Tensor padded = at::constant_pad_nd(weight, {0, 0, 0, blocks * kWeightBlock - columns});
  return padded.view({blocks, kWeightBlock, weight.size(1)}).transpose(1, 2).contiguous();
}

void multiply_packed(const PackedProduct& product, const float* weight) {
  run_with_widest_vectors([&](auto vectors)
                              MAAS_INLINE { multiply_blocks<decltype(vectors)>(product, weight); });
}

void multiply_packed(const PackedProduct& product, const int8_t* weight) {
  run_with_widest_vectors([&](auto vectors)
                              MAAS_INLINE { multiply_blocks<decltype(vectors)>(product, weight); });
}

std::vector<float> floats_of(const int8_t* weight, int64_t count) {
  std::vector<float> numbers(static_cast<size_t>(count));
  float* to = numbers.data();
  run_with_widest_vectors([&](auto) MAAS_INLINE {
    for (int64_t i = 0; i < count; ++i) to[i] = static_cast<float>(weight[i]);
  });
  return numbers;
}

}  // namespace maas
