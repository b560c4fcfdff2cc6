// Each loop is written once, over vectors of a width that the CPU decides. The steps of small
// layers take well under a microsecond: calling an operator for each would take longer than they
// do, which is why they are loops here.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3,no-trapping-math,no-math-errno")
#endif
#include "run/lower/recurrent_steps.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace maas {
namespace {

#define MAAS_INLINE __attribute__((always_inline))

// Not of a template's width: gcc drops the attribute there.
struct Wide {
  using Vector = float __attribute__((vector_size(64)));
};
struct Medium {
  using Vector = float __attribute__((vector_size(32)));
};
struct Narrow {
  using Vector = float __attribute__((vector_size(16)));
};

#if defined(__x86_64__)
template <class Loop>
__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,fma,prefer-vector-width=512"))) void
run_with_avx512(Loop loop) {
  loop(Wide());
}

template <class Loop>
__attribute__((target("avx2,fma"))) void run_with_avx2(Loop loop) {
  loop(Medium());
}

template <class Loop>
void run_loop(Loop loop) {
  static const bool has_avx512 = __builtin_cpu_supports("avx512dq") != 0 &&
                                 __builtin_cpu_supports("avx512vl") != 0 &&
                                 __builtin_cpu_supports("avx512bw") != 0;
  static const bool has_avx2 =
      __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  if (has_avx512) {
    run_with_avx512(loop);
  } else if (has_avx2) {
    run_with_avx2(loop);
  } else {
    loop(Narrow());
  }
}
#else
template <class Loop>
void run_loop(Loop loop) {
  loop(Narrow());
}
#endif

// In builtins: what a header declared before the pragma is not put into these loops.
// Cody and Waite's reduction and the polynomials of Moshier's Cephes library (expf, tanhf).
MAAS_INLINE inline float exp_of(float x) {
  constexpr float kShift = 12582912.0F;  // 1.5 * 2^23: a sum with it has no room for a fraction
  const float below = x < 88.0F ? x : (x >= 88.0F ? 88.0F : x);  // NaN stays
  const float clamped = below < -87.0F ? -87.0F : below;
  const float shifted = clamped * 1.44269504088896341F + kShift;
  const float n = shifted - kShift;
  const float r = (clamped - n * 0.693359375F) - n * -2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  const int32_t power = __builtin_bit_cast(int32_t, shifted) - __builtin_bit_cast(int32_t, kShift);
  return (p * r * r + r + 1.0F) * __builtin_bit_cast(float, (power + 127) << 23);
}

MAAS_INLINE inline float sigmoid_of(float x) { return 1.0F / (1.0F + exp_of(-x)); }

MAAS_INLINE inline float tanh_of(float x) {
  const float z = x * x;
  float p = -5.70498872745e-3F;
  p = p * z + 2.06390887954e-2F;
  p = p * z - 5.37397155531e-2F;
  p = p * z + 1.33314422036e-1F;
  p = p * z - 3.33332819422e-1F;
  const float small = p * z * x + x;
  const float size = __builtin_fabsf(x);
  const float large = __builtin_copysignf(1.0F - 2.0F / (exp_of(size + size) + 1.0F), x);
  return size < 0.625F ? small : large;
}

// sums [row_count, columns] = hidden [row_count, width] x weight, for one block of columns.
template <class Lanes, int row_count>
MAAS_INLINE inline void multiply_block(const float* hidden, int64_t width, const float* weight,
                                       float* sums, int64_t columns) {
  using Vector = typename Lanes::Vector;
  constexpr int kLanes = sizeof(Vector) / sizeof(float);
  // As many sums as registers hold beside the operands.
  constexpr int kVectors = kLanes == 16 ? 4 : (row_count == 1 ? 8 : 2);
  constexpr int64_t kSpan = int64_t{kVectors} * kLanes;
  for (int64_t first = 0; first < kWeightBlock; first += kSpan) {
    Vector sum[row_count][kVectors] = {};  // NOLINT: std::array keeps it out of the registers
    for (int64_t k = 0; k < width; ++k) {
      const float* from = weight + k * kWeightBlock + first;
      Vector w[kVectors];  // NOLINT
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) std::memcpy(&w[v], from + v * kLanes, sizeof(Vector));
#pragma GCC unroll 8
      for (int r = 0; r < row_count; ++r) {
        const float x = hidden[r * width + k];
#pragma GCC unroll 8
        for (int v = 0; v < kVectors; ++v) sum[r][v] += x * w[v];
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < row_count; ++r) {
#pragma GCC unroll 8
      for (int v = 0; v < kVectors; ++v) {
        std::memcpy(sums + r * columns + first + v * kLanes, &sum[r][v], sizeof(Vector));
      }
    }
  }
}

template <class Lanes, int row_count>
MAAS_INLINE inline void multiply(const float* hidden, int64_t width, const float* weight,
                                 float* sums, int64_t columns) {
  for (int64_t column = 0; column < columns; column += kWeightBlock) {
    multiply_block<Lanes, row_count>(hidden, width, weight + column * width, sums + column,
                                     columns);
  }
}

// One row of one step: `x` are the input's gates, `sums` the state's; `h` and `c` move on.
struct StepRow {
  const float *x, *sums, *bias;
  float *h, *c;
  int64_t width;
};

MAAS_INLINE inline void lstm_row(const StepRow& row) {
  const int64_t n = row.width;
  const float *x = row.x, *s = row.sums, *b = row.bias;
  float* __restrict h = row.h, * __restrict c = row.c;
  // Two loops: gcc makes vectors of those that write to one span.
  for (int64_t j = 0; j < n; ++j) {
    const float in = sigmoid_of(x[j] + (s[j] + b[j]));
    const float forget = sigmoid_of(x[n + j] + (s[n + j] + b[n + j]));
    c[j] = forget * c[j] + in * tanh_of(x[2 * n + j] + (s[2 * n + j] + b[2 * n + j]));
  }
  for (int64_t j = 0; j < n; ++j) {
    h[j] = sigmoid_of(x[3 * n + j] + (s[3 * n + j] + b[3 * n + j])) * tanh_of(c[j]);
  }
}

MAAS_INLINE inline void gru_row(const StepRow& row) {
  const int64_t n = row.width;
  const float *x = row.x, *s = row.sums, *b = row.bias;
  float* __restrict h = row.h;
  for (int64_t j = 0; j < n; ++j) {
    const float reset = sigmoid_of(x[j] + (s[j] + b[j]));
    const float update = sigmoid_of(x[n + j] + (s[n + j] + b[n + j]));
    const float fresh = tanh_of(x[2 * n + j] + reset * (s[2 * n + j] + b[2 * n + j]));
    h[j] = (h[j] - fresh) * update + fresh;
  }
}

MAAS_INLINE inline void tanh_row(const StepRow& row) {
  float* __restrict h = row.h;
  for (int64_t j = 0; j < row.width; ++j) h[j] = tanh_of(row.x[j] + (row.sums[j] + row.bias[j]));
}

MAAS_INLINE inline void relu_row(const StepRow& row) {
  float* __restrict h = row.h;
  for (int64_t j = 0; j < row.width; ++j) {
    const float sum = row.x[j] + (row.sums[j] + row.bias[j]);
    h[j] = sum < 0.0F ? 0.0F : sum;  // NaN stays
  }
}

MAAS_INLINE inline void one_row(RecurrentCell cell, const StepRow& row) {
  switch (cell) {
    case RecurrentCell::kLstm:
      return lstm_row(row);
    case RecurrentCell::kGru:
      return gru_row(row);
    case RecurrentCell::kTanh:
      return tanh_row(row);
    case RecurrentCell::kRelu:
      return relu_row(row);
  }
}

template <class Lanes>
MAAS_INLINE inline void multiply_rows(const RecurrentSteps& work, float* sums, int64_t columns) {
  int64_t row = 0;
  for (; row + 4 <= work.rows; row += 4) {
    multiply<Lanes, 4>(work.hidden + row * work.width, work.width, work.weight,
                       sums + row * columns, columns);
  }
  if (row + 2 <= work.rows) {
    multiply<Lanes, 2>(work.hidden + row * work.width, work.width, work.weight,
                       sums + row * columns, columns);
    row += 2;
  }
  if (row < work.rows) {
    multiply<Lanes, 1>(work.hidden + row * work.width, work.width, work.weight,
                       sums + row * columns, columns);
  }
}

}  // namespace

int64_t gate_count(RecurrentCell cell) {
  switch (cell) {
    case RecurrentCell::kLstm:
      return 4;
    case RecurrentCell::kGru:
      return 3;
    default:
      return 1;
  }
}

void run_recurrent_steps(const RecurrentSteps& work) {
  const int64_t gates = gate_count(work.cell) * work.width;
  const int64_t columns = (gates + kWeightBlock - 1) / kWeightBlock * kWeightBlock;
  std::vector<float> sums(static_cast<size_t>(columns * work.rows));
  std::vector<float> zeros(work.bias == nullptr ? static_cast<size_t>(gates) : 0);
  const float* bias = work.bias == nullptr ? zeros.data() : work.bias;
  run_loop([&](auto lanes) MAAS_INLINE {
    for (int64_t i = 0; i < work.steps; ++i) {
      const int64_t step = work.reverse ? work.steps - 1 - i : i;
      multiply_rows<decltype(lanes)>(work, sums.data(), columns);
      for (int64_t row = 0; row < work.rows; ++row) {
        float* h = work.hidden + row * work.width;
        one_row(work.cell,
                {work.gates + step * work.gates_step + row * work.gates_row,
                 sums.data() + row * columns, bias, h,
                 work.carry == nullptr ? nullptr : work.carry + row * work.width, work.width});
        std::copy_n(h, work.width, work.out + step * work.out_step + row * work.out_row);
      }
    }
  });
}

}  // namespace maas
