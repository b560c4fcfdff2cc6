#include "unanswered.h"

#include <ATen/ops/isnan.h>
#include <fmt/format.h>

#include "base/error.h"

namespace maas {

void Unanswered::count(const at::Tensor& output) {
  const int64_t rows = output.dim() > 1 ? output.size(0) : 1;
  rows_ += rows;
  if (!output.is_floating_point() || output.numel() == 0) return;
  broken_ += at::isnan(output).reshape({rows, -1}).any(1).sum().item<int64_t>();
}

void Unanswered::tell(const std::string& model, const Output& output) const {
  if (broken_ == 0) return;
  const std::string what =
      fmt::format("the outputs are not a number for {} of {} rows", broken_, rows_);
  if (2 * broken_ <= rows_) return output.warn("model: " + what);
  throw Error(ErrorKind::kFailed,
              {.where = model,
               .what = what,
               .expected = "numbers",
               .fix = "look for log(0), a root or a division by 0 in the network, and for inputs "
                      "outside what it takes"});
}

}  // namespace maas
