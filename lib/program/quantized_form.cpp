#include "program/quantized_form.h"

#include <ATen/TensorOperators.h>

#include <algorithm>

#include "program/arguments.h"
#include "program/rewrite.h"

namespace maas {
namespace {

const Node* made_by(const Program& program, ValueId value, const char* op) {
  if (value == kNoValue) return nullptr;
  for (const Node& node : program.nodes) {
    bool makes = false;
    for_each_result(node, [&](ValueId id) { makes = makes || id == value; });
    if (makes) return node.full_name() == op ? &node : nullptr;
  }
  return nullptr;
}

// The tensor behind a buffer; undefined for other values.
at::Tensor buffer_of(const Program& program, ValueId value) {
  for (const GraphInput& input : program.inputs) {
    if (input.value != value || value == kNoValue) continue;
    return input.kind == GraphInput::Kind::kBuffer ? program.tensor_of(input) : at::Tensor();
  }
  return {};
}

// What `aten::to.dtype(x, float32)` converts; decomposed by Python, `_to_copy`.
ValueId converted(const Program& program, ValueId value) {
  const Node* node = made_by(program, value, "aten::to.dtype");
  if (node == nullptr) node = made_by(program, value, "aten::_to_copy");
  if (node == nullptr) return kNoValue;
  const Argument* dtype = node->find("dtype");
  const auto* type = dtype == nullptr ? nullptr : std::get_if<at::ScalarType>(dtype);
  return type != nullptr && *type == at::kFloat ? operand_of(*node, "self") : kNoValue;
}

bool fits(const QuantizedWeight& weight) {
  if (!weight.values.defined() || !weight.scale.defined()) return false;
  if (weight.values.scalar_type() != at::kChar || weight.scale.scalar_type() != at::kFloat)
    return false;
  if (weight.values.dim() < 1 || weight.scale.dim() != weight.values.dim()) return false;
  return weight.scale.size(0) == weight.values.size(0) &&
         weight.scale.numel() == weight.scale.size(0);
}

// amax(|x|) of every row, if the value is that of `input`.
bool is_row_limit(const Program& program, ValueId value, ValueId input) {
  const Node* largest = made_by(program, value, "aten::amax");
  if (largest == nullptr || !flag_of(*largest, "keepdim", false)) return false;
  const auto dims = integers_of(*largest, "dim", {});
  const auto rank = static_cast<int64_t>(program.value(input).shape.size());
  if (!dims || dims->size() != 1 || ((*dims)[0] != -1 && (*dims)[0] != rank - 1)) return false;
  const Node* absolute = made_by(program, operand_of(*largest, "self"), "aten::abs");
  return absolute != nullptr && operand_of(*absolute, "self") == input;
}

}  // namespace

std::optional<QuantizedWeight> quantized_weight(const Program& program, ValueId value) {
  const Node* product = made_by(program, value, "aten::mul.Tensor");
  if (product == nullptr) return std::nullopt;
  QuantizedWeight weight;
  weight.values_id = converted(program, operand_of(*product, "self"));
  weight.scale_id = operand_of(*product, "other");
  if (weight.values_id == kNoValue) {  // the other way round
    weight.values_id = converted(program, operand_of(*product, "other"));
    weight.scale_id = operand_of(*product, "self");
  }
  weight.values = buffer_of(program, weight.values_id);
  weight.scale = buffer_of(program, weight.scale_id);
  return fits(weight) ? std::optional(weight) : std::nullopt;
}

std::optional<ActivationRange> fake_quantized(const Program& program, ValueId value) {
  const Node* node = made_by(program, value, "aten::fake_quantize_per_tensor_affine");
  if (node == nullptr || integer_of(*node, "quant_min", -1) != kActivationLow ||
      integer_of(*node, "quant_max", -1) != kActivationHigh) {
    return std::nullopt;
  }
  const ActivationRange range{operand_of(*node, "self"), number_of(*node, "scale", 0),
                              integer_of(*node, "zero_point", -1)};
  const bool good = range.input != kNoValue && range.scale > 0 &&
                    range.zero_point >= kActivationLow && range.zero_point <= kActivationHigh;
  return good ? std::optional(range) : std::nullopt;
}

std::optional<TokenQuantized> token_quantized(const Program& program, ValueId value) {
  const Node* product = made_by(program, value, "aten::mul.Tensor");
  if (product == nullptr) return std::nullopt;
  const Node* limited = made_by(program, operand_of(*product, "self"), "aten::clamp");
  if (limited == nullptr || number_of(*limited, "min", 0) != -kWeightLimit ||
      number_of(*limited, "max", 0) != kWeightLimit) {
    return std::nullopt;
  }
  const Node* rounded = made_by(program, operand_of(*limited, "self"), "aten::round");
  if (rounded == nullptr) return std::nullopt;
  const Node* quotient = made_by(program, operand_of(*rounded, "self"), "aten::div.Tensor");
  if (quotient == nullptr) return std::nullopt;
  const ValueId scale = operand_of(*product, "other"), input = operand_of(*quotient, "self");
  if (scale == kNoValue || operand_of(*quotient, "other") != scale || input == kNoValue)
    return std::nullopt;
  const Node* floor = made_by(program, scale, "aten::clamp_min");
  if (floor == nullptr) return std::nullopt;
  const Node* part = made_by(program, operand_of(*floor, "self"), "aten::div.Scalar");
  if (part == nullptr || number_of(*part, "other", 0) != kWeightLimit) return std::nullopt;
  if (!is_row_limit(program, operand_of(*part, "self"), input)) return std::nullopt;
  return TokenQuantized{input};
}

bool is_quantized(const Program& program) {
  const auto gathers_integers = [&](const Node& node) {
    if (node.op != "aten::embedding") return false;
    const at::Tensor table = buffer_of(program, operand_of(node, "weight"));
    return table.defined() && table.scalar_type() == at::kChar;
  };
  return std::any_of(program.nodes.begin(), program.nodes.end(), [&](const Node& node) {
    if (gathers_integers(node)) return true;
    if (node.outputs.empty() || node.outputs[0].ids.empty()) return false;
    const ValueId result = node.outputs[0].ids[0];
    if (node.op == "aten::mul")
      return quantized_weight(program, result) || token_quantized(program, result);
    return node.op == "aten::fake_quantize_per_tensor_affine" &&
           fake_quantized(program, result).has_value();
  });
}

at::Tensor dequantized(const QuantizedWeight& weight) {
  return weight.values.to(at::kFloat) * weight.scale;
}

}  // namespace maas
