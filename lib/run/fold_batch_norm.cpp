#include "run/fold_batch_norm.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/rsqrt.h>
#include <ATen/ops/zeros_like.h>

#include <map>
#include <optional>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"

namespace maas {
namespace {

bool is_inference_norm(const Node& node) {
  if (node.op == "aten::_native_batch_norm_legit_no_training") return true;
  return node.op == "aten::batch_norm" && !flag_of(node, "training", true);
}

// Whether weights that are normal numbers of float32 would lose digits, or be 0.
bool underflows(const at::Tensor& kernel, const at::Tensor& scaled, const at::Tensor& scale) {
  constexpr double kSmallest = 1.2e-38;
  const at::Tensor lost = kernel.abs().ge(kSmallest).logical_and(scaled.abs().lt(kSmallest));
  return lost.logical_and(scale.ne(0)).any().item<bool>();
}

// What scales a layer stays normal numbers of float32, as does what it gives for inputs that are: a
// norm with statistics that are NaN, infinite or of no reasonable size is better computed as
// stored.
bool is_in_range(const at::Tensor& scale, const at::Tensor& scaled, const at::Tensor& offset) {
  constexpr double kSmallest = 1e-18, kLargest = 1e18;
  const auto below = [](const at::Tensor& numbers, double limit) {
    return numbers.abs().le(limit).all().item<bool>();  // false for NaN
  };
  const at::Tensor size = scale.abs();
  return below(scale, kLargest) && below(scaled, kLargest) && below(offset, kLargest) &&
         size.ge(kSmallest).logical_or(size.eq(0)).all().item<bool>();
}

// The float32 weight behind an argument; undefined for None; nullopt for anything else.
std::optional<at::Tensor> float_weight(const Node& node, const char* name,
                                       const std::map<ValueId, at::Tensor>& weights) {
  const Argument* argument = node.find(name);
  if (argument == nullptr || std::holds_alternative<None>(*argument)) return at::Tensor();
  const auto* ref = std::get_if<ValueRef>(argument);
  const auto found = ref == nullptr ? weights.end() : weights.find(ref->id);
  if (found == weights.end() || found->second.scalar_type() != at::kFloat) return std::nullopt;
  return found->second;
}

class Folder {
 public:
  explicit Folder(Program program)
      : program_(std::move(program)),
        uses_(count_uses(program_)),
        made_by_(producers(program_)),
        tensors_(tensors_by_value(program_)) {}

  Program run() {
    const at::NoGradGuard no_grad;
    for (size_t i = 0; i < program_.nodes.size(); ++i) {
      if (is_inference_norm(program_.nodes[i])) fold(i);
    }
    remove_dead_code(program_);  // a norm that is left over would count as a reader
    return std::move(program_);
  }

 private:
  // "conv1" of the weight "conv1.weight".
  std::string layer_name(ValueId weight) const {
    const std::string ending = ".weight";
    for (const GraphInput& input : program_.inputs) {
      if (input.value != weight) continue;
      const std::string& target = input.target;
      return target.ends_with(ending) ? target.substr(0, target.size() - ending.size()) : target;
    }
    return program_.value(weight).name;
  }

  // Layers whose outputs the norm scales one by one, a sample a row: "[B, O, ...]".
  bool takes_scale(const Node& node) const {
    const bool is_layer = node.full_name() == "aten::linear" || node.op == "aten::conv1d" ||
                          node.op == "aten::conv2d";
    const ValueId kernel = operand_of(node, "weight");
    return is_layer && kernel != kNoValue &&
           program_.value(node.outputs.at(0).ids.at(0)).shape.size() ==
               program_.value(kernel).shape.size();
  }

  void fold(size_t index) {
    const Node& norm = program_.nodes[index];
    const auto* input = std::get_if<ValueRef>(norm.find("input"));
    if (input == nullptr) return;
    const auto at = static_cast<size_t>(input->id);
    if (made_by_[at] < 0 || uses_[at] != 1) return;
    Node& conv = program_.nodes[made_by_[at]];
    if (!takes_scale(conv)) return;

    const auto kernel = float_weight(conv, "weight", tensors_),
               bias = float_weight(conv, "bias", tensors_);
    const auto known = known_norm(norm, tensors_);
    if (!kernel || !bias || !known || !kernel->defined()) return;

    const at::Tensor& scale = known->scale;
    at::Tensor offset = known->shift - known->mean * scale;
    if (bias->defined()) offset = offset + bias->to(at::kDouble) * scale;
    std::vector<int64_t> shape(kernel->dim(), 1);
    shape[0] = -1;
    const at::Tensor per_output = scale.view(shape);
    const at::Tensor scaled = kernel->to(at::kDouble) * per_output;
    if (!is_in_range(scale, scaled, offset) || underflows(*kernel, scaled, per_output)) return;

    const std::string name = layer_name(operand_of(conv, "weight"));
    conv.set("weight",
             ValueRef{add_weight(program_, name + ".folded_weight", scaled.to(at::kFloat))});
    conv.set("bias", ValueRef{add_weight(program_, name + ".folded_bias", offset.to(at::kFloat))});
    replace_value(program_, norm.outputs.at(0).ids.at(0), input->id);
  }

  Program program_;
  std::vector<int64_t> uses_, made_by_;
  std::map<ValueId, at::Tensor> tensors_;
};

}  // namespace

std::optional<KnownNorm> known_norm(const Node& node,
                                    const std::map<ValueId, at::Tensor>& weights) {
  if (!is_inference_norm(node)) return std::nullopt;
  const auto gain = float_weight(node, "weight", weights),
             shift = float_weight(node, "bias", weights),
             mean = float_weight(node, "running_mean", weights),
             variance = float_weight(node, "running_var", weights);
  if (!gain || !shift || !mean || !variance || !mean->defined() || !variance->defined()) {
    return std::nullopt;
  }
  KnownNorm known;
  known.mean = mean->to(at::kDouble);
  known.scale = at::rsqrt(variance->to(at::kDouble) + number_of(node, "eps", 1e-5));
  if (gain->defined()) known.scale = known.scale * gain->to(at::kDouble);
  known.shift = shift->defined() ? shift->to(at::kDouble) : at::zeros_like(known.mean);
  if (!is_in_range(known.scale, known.mean, known.shift)) return std::nullopt;
  return known;
}

Program fold_batch_norm(Program program) { return Folder(std::move(program)).run(); }

}  // namespace maas
