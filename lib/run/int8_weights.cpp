#include "run/int8_weights.h"

#include <ATen/core/grad_mode.h>

#include <map>
#include <optional>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/quantized_form.h"
#include "run/lower/packed_linear.h"
#include "run/lower/packed_product.h"

namespace maas {
namespace {

class Lowering {
 public:
  explicit Lowering(Program program) : program_(std::move(program)) {}

  Program run() {
    for (Node& node : program_.nodes) {
      if (node.full_name() != "aten::linear") continue;
      auto layer = packed(node);
      if (!layer) continue;
      layer->outputs = node.outputs;
      node = std::move(*layer);
    }
    return std::move(program_);
  }

 private:
  std::optional<Node> packed(const Node& linear) {
    const ValueId x = operand_of(linear, "input");
    if (x == kNoValue || program_.value(x).dtype != at::kFloat) return std::nullopt;
    const auto weight = quantized_weight(program_, operand_of(linear, "weight"));
    if (!weight || weight->values.dim() != 2 || weight->values.numel() == 0) return std::nullopt;
    const int64_t columns = weight->values.size(0);
    if (!has_own_bias(program_, linear, columns)) return std::nullopt;
    const auto made = made_.try_emplace(weight->values_id);
    if (made.second) {
      made.first->second = {
          add_weight(program_, "packed_int8", shared_form(weight->values, pack_columns)),
          add_weight(program_, "column_scale", weight->scale.reshape({columns}).contiguous())};
    }
    return packed_linear_node(linear, made.first->second, columns);
  }

  Program program_;
  std::map<ValueId, PackedWeight> made_;  // tied weights are packed once
};

}  // namespace

Program int8_weights(Program program) {
  if (!is_quantized(program)) return program;
  const at::NoGradGuard no_gradients;
  return Lowering(std::move(program)).run();
}

}  // namespace maas
