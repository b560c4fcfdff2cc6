// Activations that our own layers compute behind their sums
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "program/program.h"

namespace maas {

// Exact on what is not finite, too: as libtorch computes them.
enum class Activation {
  kNone,
  kRelu,
  kRelu6,
  kSigmoid,
  kTanh,
  kSilu,
  kGelu,
  kHardswish,
  kHardsigmoid
};

// none, relu, relu6, sigmoid, tanh, silu, gelu, hardswish, hardsigmoid; c10::Error for other names.
Activation activation_named(std::string_view name);

// What an activation does that only keeps numbers within limits: none, relu and relu6; nullopt for
// others.
struct Limits {
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
};
std::optional<Limits> limits_of(Activation activation);

// The name of what an operator of libtorch computes; nullopt for others.
std::optional<std::string> activation_name(const Node& node);

}  // namespace maas
