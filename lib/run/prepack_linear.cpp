#include "run/prepack_linear.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <map>
#include <optional>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/bf16_layers.h"
#include "run/lower/linear_race.h"
#include "run/lower/packed_linear.h"
#include "run/lower/packed_product.h"

namespace maas {
namespace {

class Prepacker {
 public:
  Prepacker(Program program, const Target& target)
      : program_(std::move(program)),
        race_(target.kernels, target.race_seconds),
        bf16_race_(target.kernels, kBf16Seconds),
        wants_bf16_(target.precision == Precision::kBf16 && can_compute_bf16()),
        weights_(tensors_by_value(program_)) {}

  Program run() {
    for (Node& node : program_.nodes) {
      if (node.full_name() != "aten::linear") continue;
      auto layer = quicker(node);
      if (!layer) continue;
      layer->outputs = node.outputs;
      node = std::move(*layer);
    }
    return std::move(program_);
  }

 private:
  std::optional<Node> quicker(const Node& node) {
    const ValueId x = operand_of(node, "input"), weight = operand_of(node, "weight"),
                  bias = operand_of(node, "bias");
    const auto known = weights_.find(weight);
    if (x == kNoValue || known == weights_.end() || known->second.dim() != 2 ||
        program_.value(x).dtype != known->second.scalar_type()) {
      return std::nullopt;
    }
    const bool fits =
        program_.value(x).shape.size() >= 2 && has_own_bias(program_, node, known->second.size(0));
    if (fits && known->second.scalar_type() == at::kFloat && is_finite(known->second)) {
      const LinearSizes sizes = sizes_of(program_.value(x), known->second, bias != kNoValue);
      if (wants_bf16_ && bf16_is_quicker(bf16_race_, sizes)) return for_onednn(node, sizes.rows);
      switch (quickest_linear(race_, LinearForm::kReady, sizes)) {
        case LinearKernel::kOnednn:
          return for_onednn(node, sizes.rows);
        case LinearKernel::kPacked:
          return packed(node);
        case LinearKernel::kMkl:
          break;
      }
    }
    if (bias == kNoValue || program_.value(x).shape.size() != 2) return std::nullopt;
    return make_node(
        "aten::addmm",
        {{"self", ValueRef{bias}}, {"mat1", ValueRef{x}}, {"mat2", ValueRef{turned(weight)}}});
  }

  static LinearSizes sizes_of(const Value& x, const at::Tensor& weight, bool has_bias) {
    LinearSizes sizes{1, weight.size(1), weight.size(0), has_bias};
    for (size_t i = 0; i + 1 < x.shape.size(); ++i) {
      sizes.rows *= std::clamp<int64_t>(x.shape[i].size, 1, int64_t{1} << 20);
      sizes.rows = std::min(sizes.rows, int64_t{1} << 30);
    }
    return sizes;
  }

  // What is not finite: oneDNN's padding would be multiplied with it.
  static bool is_finite(const at::Tensor& weight) {
    return at::isfinite(weight).all().item<bool>();
  }

  Node for_onednn(const Node& linear, int64_t rows) {
    const ValueId weight = operand_of(linear, "weight");
    const auto made = for_onednn_.try_emplace(weight, kNoValue);
    if (made.second) {
      made.first->second =
          add_weight(program_, "packed", pack_linear_weight(weights_.at(weight), rows));
    }
    return make_node("mkldnn::_linear_pointwise", {{"X", ValueRef{operand_of(linear, "input")}},
                                                   {"W", ValueRef{made.first->second}},
                                                   {"B", argument_of(linear, "bias", None{})},
                                                   {"attr", std::string("none")},
                                                   {"scalars", IntList{}},
                                                   {"algorithm", None{}}});
  }

  Node packed(const Node& linear) {
    const ValueId weight = operand_of(linear, "weight");
    const at::Tensor& known = weights_.at(weight);
    const auto made = packed_.try_emplace(weight, kNoValue);
    if (made.second) {
      made.first->second = add_weight(program_, "packed_columns", shared_form(known, pack_columns));
    }
    return packed_linear_node(linear, {made.first->second}, known.size(0));
  }

  ValueId turned(ValueId weight) {
    const auto made = turned_.try_emplace(weight, kNoValue);
    if (made.second) made.first->second = add_weight(program_, "turned", weights_.at(weight).t());
    return made.first->second;
  }

  Program program_;
  KernelRace race_, bf16_race_;
  bool wants_bf16_;  // then oneDNN's form is what bf16_layers() takes
  const std::map<ValueId, at::Tensor> weights_;
  std::map<ValueId, ValueId> for_onednn_, packed_, turned_;  // tied weights are made ready once
};

}  // namespace

Program prepack_linear(Program program, const Target& target) {
  const at::NoGradGuard no_gradients;
  return Prepacker(std::move(program), target).run();
}

}  // namespace maas
