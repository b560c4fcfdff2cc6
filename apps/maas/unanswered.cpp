#include "unanswered.h"

#include <ATen/ops/isnan.h>
#include <fmt/format.h>

#include "base/error.h"

namespace maas {

void Unanswered::count(const at::Tensor& output) {
  const int64_t rows = output.dim() > 1 ? output.size(0) : 1;
  const bool may_break = output.is_floating_point() && output.numel() > 0;
  add(rows, may_break ? at::isnan(output).reshape({rows, -1}).any(1).sum().item<int64_t>() : 0);
}

std::string Unanswered::what() const {
  return fmt::format("the outputs of {} of {} rows are NaN or infinite: {}", broken_, rows_,
                     consequence_);
}

void Unanswered::warn(const Output& output) const {
  if (broken_ > 0) output.warn("model: " + what());
}

void Unanswered::tell(const std::string& model, const Output& output) const {
  if (2 * broken_ <= rows_) return warn(output);
  throw Error(ErrorKind::kFailed,
              {.where = model,
               .what = what(),
               .expected = "numbers",
               .fix = "look for log(0), a root or a division by 0 in the network, and for inputs "
                      "outside what it takes"});
}

}  // namespace maas
