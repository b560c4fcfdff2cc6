// The steps of small layers take well under a microsecond: an operator for each would take longer
// to call than to run, which is why they are loops here.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("O3,no-trapping-math,no-math-errno")
#endif
#include "run/lower/recurrent_steps.h"

#include <cstring>
#include <vector>

#include "run/lower/packed_product.h"
#include "run/lower/vector_loops.h"
#include "run/lower/vector_math.h"

namespace maas {
namespace {

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
    h[j] = relu_of(row.x[j] + (row.sums[j] + row.bias[j]));
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
  const int64_t columns = packed_blocks(gates) * kWeightBlock;
  std::vector<float> sums(static_cast<size_t>(columns * work.rows));
  std::vector<float> zeros(work.bias == nullptr ? static_cast<size_t>(gates) : 0);
  const float* bias = work.bias == nullptr ? zeros.data() : work.bias;
  std::vector<const float*> states(static_cast<size_t>(work.rows));
  for (int64_t row = 0; row < work.rows; ++row) states[row] = work.hidden + row * work.width;
  const PackedProduct of_state{.x = states.data(),
                               .rows = work.rows,
                               .width = work.width,
                               .columns = gates,
                               .sums = sums.data(),
                               .sums_row = columns};
  for (int64_t i = 0; i < work.steps; ++i) {
    const int64_t step = work.reverse ? work.steps - 1 - i : i;
    multiply_packed(of_state, work.weight);
    run_with_widest_vectors([&](auto) MAAS_INLINE {
      for (int64_t row = 0; row < work.rows; ++row) {
        float* h = work.hidden + row * work.width;
        one_row(work.cell,
                {work.gates + step * work.gates_step + row * work.gates_row,
                 sums.data() + row * columns, bias, h,
                 work.carry == nullptr ? nullptr : work.carry + row * work.width, work.width});
        std::memcpy(work.out + step * work.out_step + row * work.out_row, h,
                    static_cast<size_t>(work.width) * sizeof(float));
      }
    });
  }
}

}  // namespace maas
