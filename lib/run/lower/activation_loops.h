// Loops of activations, for source files whose loops gcc makes vectors of (vector_loops.h)
#pragma once

#include <cstdint>

#include "run/lower/activation.h"
#include "run/lower/vector_math.h"

namespace maas {

// A template, not a lambda that takes `function`: of that gcc makes no vectors.
template <class Function>
MAAS_INLINE inline void write_each(const float* __restrict from, float* __restrict to,
                                   int64_t count, Function function) {
  for (int64_t i = 0; i < count; ++i) to[i] = function(from[i]);
}

// to = activation(from), spans apart.
MAAS_INLINE inline void activate(Activation activation, const float* from, float* to,
                                 int64_t count) {
  switch (activation) {
    case Activation::kNone:
      return write_each(from, to, count, [](float x) MAAS_INLINE { return x; });
    case Activation::kRelu:
      return write_each(from, to, count, [](float x) MAAS_INLINE { return relu_of(x); });
    case Activation::kRelu6:
      return write_each(from, to, count, [](float x) MAAS_INLINE { return relu6_of(x); });
    case Activation::kSigmoid:
      return write_each(from, to, count, [](float x) MAAS_INLINE { return sigmoid_of(x); });
    case Activation::kTanh:
      return write_each(from, to, count, [](float x) MAAS_INLINE { return tanh_of(x); });
    case Activation::kSilu:
      return write_each(from, to, count, [](float x) MAAS_INLINE { return x * sigmoid_of(x); });
    case Activation::kGelu:
      return write_each(from, to, count, [](float x) MAAS_INLINE { return gelu_of(x); });
    case Activation::kHardswish:
      return write_each(from, to, count,
                        [](float x) MAAS_INLINE { return x * relu6_of(x + 3.0F) / 6.0F; });
    case Activation::kHardsigmoid:
      return write_each(from, to, count,
                        [](float x) MAAS_INLINE { return relu6_of(x + 3.0F) / 6.0F; });
  }
}

}  // namespace maas
