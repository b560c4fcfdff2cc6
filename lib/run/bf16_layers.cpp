#include "run/bf16_layers.h"

#include <ATen/Parallel.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>
#include <ATen/ops/rand.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>

#include "base/error.h"
#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/lower/convolution_race.h"
#include "run/lower/linear_race.h"
#include "run/measure_plan.h"
#include "run/plan.h"
#include "run/prepack_convolution.h"

namespace maas {
namespace {

constexpr const char* kLinear = "mkldnn::_linear_pointwise";

std::vector<int64_t> hinted(const Value& value) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : value.shape) {
    sizes.push_back(std::clamp<int64_t>(dim.size, 1, int64_t{1} << 20));
  }
  return sizes;
}

std::string text_of(const std::vector<int64_t>& sizes) {
  std::string text;
  for (const int64_t size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

at::Tensor dense(const at::Tensor& packed) {
  return packed.is_mkldnn() ? packed.to_dense() : packed;
}

int64_t rows_of(const std::vector<int64_t>& sizes) {
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < sizes.size(); ++i) rows = std::min(rows * sizes[i], int64_t{1} << 30);
  return rows;
}

bool is_quicker(KernelRace& race, const Node& conv, const at::Tensor& packed,
                std::vector<int64_t> sizes) {
  const std::optional<ConvolutionWindow> slides = window_of(conv);
  if (sizes.size() != 4 || packed.dim() != 4 || !slides) return false;
  const ConvolutionWindow& window = *slides;
  sizes = timed_input({sizes, packed.sizes().vec(), window});
  const at::NoGradGuard no_gradients;
  const auto input = [&] { return at::rand(sizes).contiguous(at::MemoryFormat::ChannelsLast); };
  const auto ready = [&](at::ScalarType dtype) {
    return pack_convolution_weight(dense(packed).to(dtype), window, sizes);
  };
  const std::vector<Kernel> kernels = {
      {"fp32",
       [&] {
         return [x = input(), w = ready(at::kFloat), window = window] {
           convolve_by_onednn(x, w, window);
         };
       }},
      {"bf16", [&] {
         return [x = input(), w = ready(at::kBFloat16), window = window] {
           convolve_by_onednn(x.to(at::kBFloat16), w, window).to(at::kFloat);
         };
       }}};
  const std::string name = fmt::format(
      "conv2d {} by {} stride {} padding {} dilation {} groups {}, fp32 or bf16, {} threads",
      text_of(sizes), text_of(packed.sizes().vec()), text_of(window.stride),
      text_of(window.padding), text_of(window.dilation), window.groups, at::get_num_threads());
  return race.winner(name, kernels) == "bf16";
}

class Halver {
 public:
  Halver(Program program, const Target& target)
      : race_(target.kernels, kBf16Seconds),
        weights_(tensors_by_value(program)),
        program_(std::move(program)) {}

  Program run() {
    std::vector<Node> before = std::move(program_.nodes);
    for (Node& node : before) {
      if (is_quicker_in_bf16(node)) {
        put(std::move(node));
      } else {
        nodes_.push_back(std::move(node));
      }
    }
    program_.nodes = std::move(nodes_);
    return std::move(program_);
  }

 private:
  bool is_quicker_in_bf16(const Node& node) {
    if (node.op != kLinear && node.op != kOnednnConvolution) return false;
    const ValueId x = operand_of(node, "X");
    const auto packed = weights_.find(operand_of(node, "W"));
    if (x == kNoValue || packed == weights_.end() || program_.value(x).dtype != at::kFloat) {
      return false;
    }
    const std::vector<int64_t> sizes = hinted(program_.value(x));
    const at::Tensor& weight = packed->second;
    if (node.op == kOnednnConvolution) return is_quicker(race_, node, weight, sizes);
    if (sizes.size() < 2 || weight.dim() != 2) return false;
    const bool has_bias = operand_of(node, "B") != kNoValue;
    return bf16_is_quicker(race_, {rows_of(sizes), weight.size(1), weight.size(0), has_bias});
  }

  // The value in bfloat16: that of a layer which gives it, where there is one.
  ValueId half(ValueId id) {
    if (const auto made = half_.find(id); made != half_.end()) return made->second;
    if (const auto known = weights_.find(id); known != weights_.end()) {
      return half_[id] = add_weight(program_, "bf16", known->second.to(at::kBFloat16));
    }
    Node node = make_node("aten::to.dtype", {{"self", ValueRef{id}}, {"dtype", at::kBFloat16}});
    const ValueId value = result_in_bf16(node, id);
    nodes_.push_back(std::move(node));
    return half_[id] = value;
  }

  ValueId result_in_bf16(Node& node, ValueId like) {
    const ValueId value = add_result(program_, node, "bf16", like);
    program_.values[static_cast<size_t>(value)].dtype = at::kBFloat16;
    return value;
  }

  at::Tensor packed_in_bf16(const Node& layer) const {
    const at::Tensor weight = dense(weights_.at(operand_of(layer, "W"))).to(at::kBFloat16);
    const std::vector<int64_t> sizes = hinted(program_.value(operand_of(layer, "X")));
    return layer.op == kLinear ? pack_linear_weight(weight, rows_of(sizes))
                               : pack_convolution_weight(weight, window_of(layer).value(), sizes);
  }

  void put(Node layer) {
    const ValueId weight = add_weight(program_, "bf16_packed", packed_in_bf16(layer));
    for (const char* name : {"X", "B", "other"}) {
      const ValueId operand = operand_of(layer, name);
      if (operand != kNoValue) layer.set(name, ValueRef{half(operand)});
    }
    layer.set("W", ValueRef{weight});
    const std::vector<Node::Output> whole = std::move(layer.outputs);
    layer.outputs.clear();
    const ValueId id = whole.at(0).ids.at(0), given = result_in_bf16(layer, id);
    half_[id] = given;
    nodes_.push_back(std::move(layer));
    Node back = make_node("aten::to.dtype", {{"self", ValueRef{given}}, {"dtype", at::kFloat}});
    back.outputs = whole;
    nodes_.push_back(std::move(back));
  }

  KernelRace race_;
  const std::map<ValueId, at::Tensor> weights_;
  Program program_;
  std::vector<Node> nodes_;
  std::map<ValueId, ValueId> half_;  // what is there in bfloat16 as well
};

// The difference in parts of the largest output.
double relative_difference(const at::Tensor& exact, const at::Tensor& other) {
  constexpr double kNotToBeSaid = std::numeric_limits<double>::infinity();
  if (!exact.is_floating_point() || exact.numel() == 0) return 0;
  const at::Tensor a = exact.to(at::kDouble), b = other.to(at::kDouble);
  const at::Tensor finite = at::isfinite(a);
  if (!finite.equal(at::isfinite(b))) return kNotToBeSaid;
  const at::Tensor kept = a.masked_select(finite);
  if (kept.numel() == 0) return kNotToBeSaid;
  const double largest = kept.abs().max().item<double>();
  const double apart = b.masked_select(finite).sub(kept).abs().max().item<double>();
  return largest > 0 ? apart / largest : apart;
}

int64_t layers_in_bf16(const Program& lowered) {
  return std::ranges::count_if(lowered.parameters, [](const auto& weight) {
    return weight.second.scalar_type() == at::kBFloat16;
  });
}

// One row says little of a network, so that more are judged where it takes them.
std::vector<at::Tensor> inputs_to_judge(const Plan& plan, int64_t rows) {
  constexpr int64_t kFewestRows = 64;
  if (rows >= kFewestRows) return working_inputs(plan, rows);
  try {
    return working_inputs(plan, kFewestRows);
  } catch (const Error&) {  // its batch is fixed
    return working_inputs(plan, rows);
  }
}

}  // namespace

bool can_compute_bf16() {
  static const bool can = [] {
    try {
      const at::NoGradGuard no_gradients;
      const at::Tensor x = at::rand({16, 16}).to(at::kBFloat16);
      torch::jit::Stack stack = {x,
                                 pack_linear_weight(x, 16),
                                 c10::IValue(),
                                 "none",
                                 c10::List<std::optional<at::Scalar>>(),
                                 c10::IValue()};
      c10::Dispatcher::singleton().findSchemaOrThrow(kLinear, "").callBoxed(stack);
      return true;
    } catch (const c10::Error&) {  // no such operators, or a processor without AVX-512
      return false;
    }
  }();
  return can;
}

Program bf16_layers(Program program, const Target& target) {
  if (target.precision != Precision::kBf16 || !can_compute_bf16()) return program;
  const at::NoGradGuard no_gradients;
  return Halver(std::move(program), target).run();
}

Bf16Difference bf16_difference(const Program& program, int64_t rows) {
  const at::NoGradGuard no_gradients;
  const auto plan_in = [&](Precision precision) {
    return Plan::compile(program,
                         {.plan_for = PlanFor::kInference, .rows = rows, .precision = precision});
  };
  const auto exact = plan_in(Precision::kFp32), halved = plan_in(Precision::kBf16);
  Bf16Difference found{.layers = layers_in_bf16(halved->program())};
  if (found.layers == 0) return found;
  const std::vector<at::Tensor> inputs = inputs_to_judge(*exact, rows);
  const std::vector<at::Tensor> wanted = exact->run(inputs);
  const std::vector<at::Tensor> given = halved->run(inputs);
  for (size_t i = 0; i < wanted.size(); ++i) {
    found.largest = std::max(found.largest, relative_difference(wanted[i], given[i]));
  }
  return found;
}

Precision bearable_precision(const Program& program, int64_t rows, std::string& why) {
  if (!can_compute_bf16()) {
    why = "this processor has no AVX-512, by which oneDNN computes bfloat16: float32 it is";
    return Precision::kFp32;
  }
  const auto [layers, difference] = bf16_difference(program, rows);
  if (layers == 0) {
    why = std::string(kNoBf16Layer) + ": float32 it is";
    return Precision::kFp32;
  }
  if (!std::isfinite(difference)) {
    why =
        "the outputs for made-up inputs are not all numbers, and bfloat16 cannot be judged by "
        "them: float32 it is";
    return Precision::kFp32;
  }
  why = fmt::format("in bfloat16 the outputs differ by {:.2g} of the largest one", difference);
  if (difference <= kMostBf16Difference) return Precision::kBf16;
  why += fmt::format(", more than {:g}: float32 it is", kMostBf16Difference);
  return Precision::kFp32;
}

}  // namespace maas
