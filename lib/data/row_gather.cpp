#include "data/row_gather.h"

#include <ATen/ops/empty.h>

#include <cstring>

#include "base/error.h"

namespace maas {

at::Tensor gather_rows(const at::Tensor& source, const at::Tensor& index) {
  MAAS_CHECK(source.is_contiguous() && index.is_contiguous());
  MAAS_CHECK(index.dim() == 1 && index.scalar_type() == at::kLong);
  auto sizes = source.sizes().vec();
  const int64_t rows = sizes[0];
  int64_t row_bytes = source.element_size();
  for (size_t d = 1; d < sizes.size(); ++d) row_bytes *= sizes[d];
  sizes[0] = index.size(0);
  at::Tensor out = at::empty(sizes, source.options());
  const int64_t* from = index.const_data_ptr<int64_t>();
  const char* in = static_cast<const char*>(source.const_data_ptr());
  char* to = static_cast<char*>(out.mutable_data_ptr());
  for (int64_t i = 0; i < sizes[0]; ++i) {
    MAAS_CHECK(from[i] >= 0 && from[i] < rows);
    std::memcpy(to + i * row_bytes, in + from[i] * row_bytes, static_cast<size_t>(row_bytes));
  }
  return out;
}

}  // namespace maas
