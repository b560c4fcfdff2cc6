#include "transform/quantize/weight_int8.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/clamp.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/round.h>
#include <ATen/ops/where.h>

#include <cmath>
#include <limits>

#include "program/quantized_form.h"

namespace maas {

Int8Weight int8_weight(const at::Tensor& weight) {
  std::vector<int64_t> within;
  for (int64_t d = 1; d < weight.dim(); ++d) within.push_back(d);
  at::Tensor scale = at::amax(at::abs(weight.detach()), within, /*keepdim=*/true) / kWeightLimit;
  // The least normal float: what is smaller would divide by zero.
  scale = at::where(scale > std::numeric_limits<float>::min(), scale, at::ones_like(scale));
  const at::Tensor values =
      at::clamp(at::round(weight.detach() / scale), -kWeightLimit, kWeightLimit).to(at::kChar);
  return {values.contiguous(), scale};
}

double signal_to_noise(const at::Tensor& weight, const at::Tensor& changed) {
  const auto energy = [](const at::Tensor& x) { return (x * x).sum(at::kDouble).item<double>(); };
  const double noise = energy(weight - changed);
  if (noise == 0) return std::numeric_limits<double>::infinity();
  return 10 * std::log10(energy(weight) / noise);
}

}  // namespace maas
