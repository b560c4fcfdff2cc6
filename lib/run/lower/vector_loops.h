// Loops written once, run with the widest vectors that the CPU has. For source files whose loops
// are in namespaces of their own; gcc makes vectors at O3, which a pragma in front of all includes
// asks for.
#pragma once

#define MAAS_INLINE __attribute__((always_inline))

namespace maas {

// Vectors of float. Not of a template's width: gcc drops the attribute there.
struct WideVectors {
  using Floats = float __attribute__((vector_size(64)));
};
struct MediumVectors {
  using Floats = float __attribute__((vector_size(32)));
};
struct NarrowVectors {
  using Floats = float __attribute__((vector_size(16)));
};

enum class VectorWidth { kNarrow, kMedium, kWide };

// The widest that the CPU has, or that ATEN_CPU_CAPABILITY allows libtorch.
VectorWidth widest_vectors();

#if defined(__x86_64__)
template <class Loop>
__attribute__((target("avx512f,avx512dq,avx512vl,avx512bw,fma,prefer-vector-width=512"))) void
run_with_avx512(Loop loop) {
  loop(WideVectors());
}

template <class Loop>
__attribute__((target("avx2,fma"))) void run_with_avx2(Loop loop) {
  loop(MediumVectors());
}

// Calls loop(vectors), a generic lambda that is MAAS_INLINE, compiled for those vectors. Products
// and sums are fused where the CPU can: other bits than on a CPU that cannot.
template <class Loop>
void run_with_widest_vectors(Loop loop) {
  static const VectorWidth width = widest_vectors();
  if (width == VectorWidth::kWide) {
    run_with_avx512(loop);
  } else if (width == VectorWidth::kMedium) {
    run_with_avx2(loop);
  } else {
    loop(NarrowVectors());
  }
}
#else
template <class Loop>
void run_with_widest_vectors(Loop loop) {
  loop(NarrowVectors());
}
#endif

}  // namespace maas
