// How right a lowered graph is: measured, as the stored graph is, against the stored graph computed
// in float64.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/ops/amax.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/maximum.h>
#include <ATen/ops/nan_to_num.h>
#include <ATen/ops/where.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include <string>
#include <variant>

#include "program/program.h"

namespace maas {

inline constexpr double kTimes = 16;        // of the stored graph's own error
inline constexpr double kRounding = 4e-6;   // of the largest value in the same column
inline constexpr double kSmallest = 2e-38;  // below it float32 has few digits, and CPUs may flush

// The same graph, computed in float64.
inline Program in_float64(Program program) {
  for (Value& value : program.values) {
    if (value.dtype == at::kFloat) value.dtype = at::kDouble;
  }
  for (Node& node : program.nodes) {
    for (NamedArgument& argument : node.arguments) {
      if (auto* dtype = std::get_if<at::ScalarType>(&argument.value);
          dtype && *dtype == at::kFloat) {
        *dtype = at::kDouble;
      }
    }
  }
  for (auto* tensors : {&program.parameters, &program.buffers, &program.constants}) {
    for (auto& [name, tensor] : *tensors) {
      if (tensor.scalar_type() == at::kFloat) tensor = tensor.to(at::kDouble);
    }
  }
  return program;
}

// Of |a - b| where both are finite, the largest of each column: [C].
inline at::Tensor furthest(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor apart = (a - b).abs();
  const at::Tensor known = at::where(at::isfinite(apart), apart, at::zeros_like(apart));
  return known.transpose(0, 1).flatten(1).amax(1);
}

// "" when `lowered` is as right as `stored`; `exact` is right.
inline std::string fault_of(const at::Tensor& lowered, const at::Tensor& stored,
                            const at::Tensor& exact) {
  const at::Tensor both = at::isfinite(stored).logical_and(at::isfinite(exact));
  if (both.logical_and(at::isfinite(lowered).logical_not()).any().item<bool>()) {
    return "is infinite or NaN where the stored graph is not";
  }
  const at::Tensor nan = at::isnan(stored).logical_and(at::isnan(exact));
  if (nan.logical_and(at::isnan(lowered).logical_not()).any().item<bool>()) {
    return "is a number where the stored graph is NaN";
  }
  const at::Tensor infinite = at::isfinite(exact).logical_or(at::isnan(exact)).logical_not();
  const at::Tensor same = infinite.logical_and(stored.eq(exact));
  if (same.logical_and(lowered.ne(exact)).any().item<bool>())
    return "is not infinite as it should be";
  const at::Tensor off = furthest(at::where(both, lowered, exact), exact);
  const at::Tensor own = furthest(at::where(both, stored, exact), exact);
  const at::Tensor size =
      furthest(at::where(both, exact, at::zeros_like(exact)), at::zeros_like(exact));
  // A column of few values may be right by luck: what others are off by, relative to their size,
  // is granted to it, too.
  const at::Tensor relative = (own / size).nan_to_num(0, 0, 0).max();
  const at::Tensor allowed =
      at::maximum(own, size * relative) * kTimes + size * kRounding + kSmallest;
  if (off.le(allowed).all().item<bool>()) return "";
  const int64_t worst = (off / allowed).argmax().item<int64_t>();
  return fmt::format("column {} is off by {:.3g}, the stored graph by {:.3g}, of {:.3g}", worst,
                     off[worst].item<double>(), own[worst].item<double>(),
                     size[worst].item<double>());
}

}  // namespace maas
