#include "run/target.h"

#include <ATen/Parallel.h>

namespace maas {

Target target_of(int64_t rows, KernelTimes* kernels, Precision precision) {
  return {rows, at::get_num_threads(), kernels, precision};
}

}  // namespace maas
