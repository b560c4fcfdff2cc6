#include "run/row_plans.h"

#include <algorithm>

#include "base/memory.h"
#include "program/example_sizes.h"

namespace maas {
namespace {

// From here on a run is served better by the plan for more rows: about the geometric mean.
constexpr std::array<int64_t, RowPlans::kRows.size()> kFirst = {0, 3, 23};

int64_t weight_bytes(const Program& program) {
  int64_t bytes = 0;
  for (const auto& [name, tensor] : program.parameters) {
    bytes += static_cast<int64_t>(tensor.nbytes());
  }
  return bytes;
}

}  // namespace

RowPlans::RowPlans(Program program, std::set<std::string> disabled_passes, Precision precision)
    : program_(std::move(program)),
      disabled_passes_(std::move(disabled_passes)),
      precision_(precision) {
  const std::set<std::string> counting = example_sizes(program_).batch;
  const auto inputs = program_.user_inputs();
  for (size_t i = 0; i < inputs.size() && !has_rows_; ++i) {
    const std::vector<Dim>& shape = program_.value(inputs[i]->value).shape;
    const auto counts = std::find_if(shape.begin(), shape.end(), [&](const Dim& dim) {
      return dim.is_symbolic() && counting.count(dim.expression) != 0;
    });
    has_rows_ = counts != shape.end();
    input_ = i;
    dim_ = static_cast<size_t>(counts - shape.begin());
  }
  plan_of(0);
}

const Plan& RowPlans::plan_for(const std::vector<at::Tensor>& inputs) const {
  return plan_of(class_of(inputs));
}

size_t RowPlans::class_of(const std::vector<at::Tensor>& inputs) const {
  if (!has_rows_ || input_ >= inputs.size()) return 0;
  const at::Tensor& input = inputs[input_];
  if (static_cast<int64_t>(dim_) >= input.dim()) return 0;
  const int64_t rows = input.size(static_cast<int64_t>(dim_));
  size_t row_class = 0;
  while (row_class + 1 < kFirst.size() && kFirst[row_class + 1] <= rows) ++row_class;
  return row_class;
}

const Plan& RowPlans::plan_of(size_t row_class) const {
  std::call_once(once_[row_class], [&] {
    const bool fits = row_class == 0 || available_memory() / 2 > weight_bytes(program_);
    plans_[row_class] = fits ? Plan::compile(program_, {.plan_for = PlanFor::kInference,
                                                        .disabled_passes = disabled_passes_,
                                                        .rows = kRows[row_class],
                                                        .precision = precision_})
                             : plans_[0];
  });
  return *plans_[row_class];
}

}  // namespace maas
