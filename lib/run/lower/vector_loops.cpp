#include "run/lower/vector_loops.h"

#include <ATen/Version.h>

#include <string>

namespace maas {

VectorWidth widest_vectors() {
#if defined(__x86_64__)
  const std::string allowed = at::get_cpu_capability();
  if (allowed == "AVX512" && __builtin_cpu_supports("avx512dq") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512bw") != 0) {
    return VectorWidth::kWide;
  }
  const bool may_be_medium = allowed == "AVX512" || allowed == "AVX2";
  if (may_be_medium && __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    return VectorWidth::kMedium;
  }
#endif
  return VectorWidth::kNarrow;
}

}  // namespace maas
