#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3")
#endif
#include "run/lower/packed_product.h"

#include <ATen/ops/constant_pad_nd.h>

#include <cstring>
#include <map>
#include <mutex>
#include <type_traits>
#include <vector>

#include "run/lower/vector_loops.h"

namespace maas {
namespace {

constexpr int64_t kRowsAtOnce = 4;

// For one block of columns and row_count rows.
template <class Vectors, int row_count, class Weight>
MAAS_INLINE inline void multiply_block(const PackedProduct& product, int64_t row,
                                       const Weight* weight, float* sums) {
  using Floats = typename Vectors::Floats;
  constexpr int64_t kLanes = sizeof(Floats) / sizeof(float);
  // As many sums as registers hold beside the operands.
  constexpr int64_t kVectors = kLanes == 16 ? 4 : (row_count == 1 ? 8 : 2);
  constexpr int64_t kSpan = kVectors * kLanes;
  const float* x = product.x + row * product.x_row;
  for (int64_t first = 0; first < kWeightBlock; first += kSpan) {
    Floats sum[row_count][kVectors] = {};  // NOLINT: std::array keeps it out of the registers
    for (int64_t k = 0; k < product.width; ++k) {
      const Weight* from = weight + k * kWeightBlock + first;
      Floats w[kVectors];  // NOLINT
      if constexpr (std::is_same_v<Weight, float>) {
#pragma GCC unroll 8
        for (int64_t v = 0; v < kVectors; ++v)
          std::memcpy(&w[v], &from[v * kLanes], sizeof(Floats));
      } else {
        float numbers[kSpan];  // NOLINT
        for (int64_t i = 0; i < kSpan; ++i) numbers[i] = static_cast<float>(from[i]);
#pragma GCC unroll 8
        for (int64_t v = 0; v < kVectors; ++v)
          std::memcpy(&w[v], &numbers[v * kLanes], sizeof(Floats));
      }
#pragma GCC unroll 8
      for (int r = 0; r < row_count; ++r) {
        const float factor = x[r * product.x_row + k];
#pragma GCC unroll 8
        for (int64_t v = 0; v < kVectors; ++v) sum[r][v] += factor * w[v];
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < row_count; ++r) {
      float* to = sums + r * product.sums_row + first;
#pragma GCC unroll 8
      for (int64_t v = 0; v < kVectors; ++v)
        std::memcpy(&to[v * kLanes], &sum[r][v], sizeof(Floats));
    }
  }
}

template <class Vectors, class Weight>
MAAS_INLINE inline void multiply_rows(const PackedProduct& product, const Weight* weight,
                                      float* sums) {
  int64_t row = 0;
  for (; row + kRowsAtOnce <= product.rows; row += kRowsAtOnce) {
    multiply_block<Vectors, kRowsAtOnce>(product, row, weight, sums + row * product.sums_row);
  }
  if (row + 2 <= product.rows) {
    multiply_block<Vectors, 2>(product, row, weight, sums + row * product.sums_row);
    row += 2;
  }
  if (row < product.rows) {
    multiply_block<Vectors, 1>(product, row, weight, sums + row * product.sums_row);
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

at::Tensor shared_columns(const at::Tensor& weight) {
  static std::mutex mutex;
  static std::map<const void*, Shared> known;
  const std::lock_guard lock(mutex);
  const auto found = known.find(weight.unsafeGetTensorImpl());
  if (found != known.end() && found->second.version == version_of(weight)) {
    const at::Tensor alive(found->second.weight.lock());
    at::Tensor packed(found->second.packed.lock());
    if (alive.defined() && packed.defined()) return packed;
  }
  std::erase_if(known, [](const auto& entry) {
    return entry.second.weight.expired() || entry.second.packed.expired();
  });
  at::Tensor packed = pack_columns(weight);
  known.insert_or_assign(weight.unsafeGetTensorImpl(),
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
  run_with_widest_vectors([&](auto vectors) MAAS_INLINE {
    for (int64_t block = 0; block < product.blocks; ++block) {
      multiply_rows<decltype(vectors)>(product, weight + block * kWeightBlock * product.width,
                                       product.sums + block * kWeightBlock);
    }
  });
}

void multiply_packed(const PackedProduct& product, const int8_t* weight) {
  const int64_t size = kWeightBlock * product.width;
  if (product.rows < kRowsAtOnce) {
    run_with_widest_vectors([&](auto vectors) MAAS_INLINE {
      for (int64_t block = 0; block < product.blocks; ++block) {
        multiply_rows<decltype(vectors)>(product, weight + block * size,
                                         product.sums + block * kWeightBlock);
      }
    });
    return;
  }
  std::vector<float> numbers(static_cast<size_t>(size));  // a block, for all rows
  float* to = numbers.data();
  for (int64_t block = 0; block < product.blocks; ++block) {
    const int8_t* from = weight + block * size;
    run_with_widest_vectors([&](auto vectors) MAAS_INLINE {
      for (int64_t i = 0; i < size; ++i) to[i] = static_cast<float>(from[i]);
      multiply_rows<decltype(vectors)>(product, to, product.sums + block * kWeightBlock);
    });
  }
}

}  // namespace maas
