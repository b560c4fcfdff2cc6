#include "run/lower/activation.h"

#include <c10/util/Exception.h>

#include <map>

#include "program/arguments.h"

namespace maas {

Activation activation_named(std::string_view name) {
  static const std::map<std::string_view, Activation> names = {
      {"none", Activation::kNone},
      {"relu", Activation::kRelu},
      {"relu6", Activation::kRelu6},
      {"sigmoid", Activation::kSigmoid},
      {"tanh", Activation::kTanh},
      {"silu", Activation::kSilu},
      {"gelu", Activation::kGelu},
      {"hardswish", Activation::kHardswish},
      {"hardsigmoid", Activation::kHardsigmoid}};
  const auto found = names.find(name);
  TORCH_CHECK(found != names.end(), "no activation '", name, "'");
  return found->second;
}

std::optional<Limits> limits_of(Activation activation) {
  switch (activation) {
    case Activation::kNone:
      return Limits{};
    case Activation::kRelu:
      return Limits{.low = 0};
    case Activation::kRelu6:
      return Limits{0, 6};
    default:
      return std::nullopt;
  }
}

std::optional<std::string> activation_name(const Node& node) {
  static const std::map<std::string, std::string> names = {{"aten::relu", "relu"},
                                                           {"aten::relu6", "relu6"},
                                                           {"aten::sigmoid", "sigmoid"},
                                                           {"aten::tanh", "tanh"},
                                                           {"aten::silu", "silu"},
                                                           {"aten::hardswish", "hardswish"},
                                                           {"aten::hardsigmoid", "hardsigmoid"}};
  const std::string name = node.full_name();
  if (const auto found = names.find(name); found != names.end()) return found->second;
  if (name == "aten::hardtanh" && number_of(node, "min_val", -1) == 0 &&
      number_of(node, "max_val", 1) == 6) {
    return "relu6";
  }
  const bool is_exact_gelu =
      name == "aten::gelu" &&
      argument_of(node, "approximate", std::string("none")) == Argument(std::string("none"));
  return is_exact_gelu ? std::optional<std::string>("gelu") : std::nullopt;
}

}  // namespace maas
