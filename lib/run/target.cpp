#include "run/target.h"

#include <ATen/Parallel.h>

namespace maas {

Target target_of(int64_t rows) { return {rows, at::get_num_threads()}; }

}  // namespace maas
