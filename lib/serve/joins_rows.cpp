#include "serve/joins_rows.h"

#include <ATen/ops/abs.h>
#include <ATen/ops/allclose.h>
#include <ATen/ops/cat.h>
#include <c10/core/InferenceMode.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <vector>

#include "export/samples.h"
#include "program/dim_expression.h"

namespace maas {
namespace {

constexpr int64_t kRows = 3;
// Of rows beside the one that is looked at: what depends on another row may do so only where that
// is large, or of one sign.
constexpr std::array<double, 4> kScales = {0, 1e2, -1e2, 1e5};

// The symbol that alone is the first size of the value; "" where there is none.
std::string row_symbol(const Program& program, ValueId id) {
  const Value& value = program.value(id);
  if (value.kind != ValueKind::kTensor || value.shape.empty() || !value.shape[0].is_symbolic()) {
    return "";
  }
  const auto expression = DimExpression::parse(value.shape[0].expression);
  if (!expression) return "";
  const auto symbols = expression->symbols();
  const bool alone = symbols.size() == 1 && expression->infix() == *symbols.begin();
  return alone ? *symbols.begin() : "";
}

bool has_one_row_symbol(const Program& program) {
  std::vector<std::string> symbols;
  for (const GraphInput* input : program.user_inputs()) {
    symbols.push_back(input->value == kNoValue ? "" : row_symbol(program, input->value));
  }
  for (const auto* output : program.user_outputs()) {
    const auto* ref = std::get_if<ValueRef>(&output->value);
    if (ref != nullptr) symbols.push_back(row_symbol(program, ref->id));
  }
  return !symbols.empty() && !symbols.front().empty() &&
         std::all_of(symbols.begin(), symbols.end(),
                     [&](const std::string& symbol) { return symbol == symbols.front(); });
}

// Up to what plans for other numbers of rows differ in.
bool agree(const at::Tensor& a, const at::Tensor& b) {
  if (a.sizes() != b.sizes()) return false;
  if (!a.is_floating_point()) return a.equal(b);
  const bool is_short = a.scalar_type() == at::kHalf || a.scalar_type() == at::kBFloat16;
  const double share = is_short ? 3e-2 : 1e-3;
  const at::Tensor x = a.to(at::kDouble), y = b.to(at::kDouble);
  const at::Tensor finite = x.isfinite();
  const double scale =
      finite.any().item<bool>() ? x.masked_select(finite).abs().max().item<double>() : 0;
  return at::allclose(x, y, share, share * scale + 1e-12, true);
}

bool rows_agree(const RowPlans& plans, const std::vector<at::Tensor>& inputs) {
  const auto together = plans.plan_for(inputs).run(inputs);
  std::vector<std::vector<at::Tensor>> alone(together.size());
  for (int64_t row = 0; row < kRows; ++row) {
    std::vector<at::Tensor> one;
    for (const at::Tensor& input : inputs) one.push_back(input.narrow(0, row, 1).contiguous());
    const auto outputs = plans.plan_for(one).run(one);
    for (size_t i = 0; i < outputs.size(); ++i) alone.at(i).push_back(outputs[i]);
  }
  for (size_t i = 0; i < together.size(); ++i) {
    if (!agree(together[i], at::cat(alone[i]))) return false;
  }
  return true;
}

// Whether the first row of `inputs` gives what it gives alone when the others are far from it.
bool first_row_stays(const RowPlans& plans, const std::vector<at::Tensor>& inputs, double scale) {
  std::vector<at::Tensor> one, far;
  for (const at::Tensor& input : inputs) {
    one.push_back(input.narrow(0, 0, 1).contiguous());
    const at::Tensor others = input.narrow(0, 1, kRows - 1);
    far.push_back(at::cat({one.back(), input.is_floating_point() ? others.mul(scale) : others}));
  }
  const auto alone = plans.plan_for(one).run(one);
  const auto together = plans.plan_for(far).run(far);
  for (size_t i = 0; i < alone.size(); ++i) {
    if (!agree(alone[i], together[i].narrow(0, 0, 1))) return false;
  }
  return true;
}

}  // namespace

bool joins_rows(const Program& program, const RowPlans& plans) {
  if (!has_one_row_symbol(program)) return false;
  try {
    const c10::InferenceMode inference;
    for (const auto& inputs : random_samples(program).batches) {
      if (inputs.empty() || inputs[0].size(0) != kRows) continue;
      return rows_agree(plans, inputs) &&
             std::all_of(kScales.begin(), kScales.end(),
                         [&](double scale) { return first_row_stays(plans, inputs, scale); });
    }
  } catch (const std::exception&) {
    // Random inputs need not be any that this model takes.
  }
  return false;
}

}  // namespace maas
