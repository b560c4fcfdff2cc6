#include "run/prepack_convolution.h"

#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/isfinite.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"
#include "run/bf16_layers.h"
#include "run/lower/convolution_race.h"
#include "run/lower/depthwise_convolution.h"
#include "run/lower/layout_free.h"
#include "run/lower/packed_convolution.h"
#include "run/lower/packed_product.h"

namespace maas {
namespace {

// Those that the graph has as hints. Without them oneDNN packs for some other input, and then
// packs again in every call: 2.5 times the time of ResNet-18 on AVX2. At one thread eight rows are
// as quick when packed for one; at two threads they are not.
std::vector<int64_t> hinted_sizes(const Value& input) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : input.shape) sizes.push_back(std::max<int64_t>(dim.size, 1));
  return sizes;
}

bool is_finite(const at::Tensor& weight) { return at::isfinite(weight).all().item<bool>(); }

Node for_onednn(Program& program, const Node& conv, const at::Tensor& weight,
                const ConvolutionSizes& sizes) {
  const ConvolutionWindow& window = sizes.window;
  const ValueId packed =
      add_weight(program, "packed", pack_convolution_weight(weight, window, sizes.input));
  return make_node(kOnednnConvolution, {{"X", ValueRef{operand_of(conv, "input")}},
                                        {"W", ValueRef{packed}},
                                        {"B", argument_of(conv, "bias", None{})},
                                        {"padding", int_list(window.padding)},
                                        {"stride", int_list(window.stride)},
                                        {"dilation", int_list(window.dilation)},
                                        {"groups", window.groups},
                                        {"attr", std::string("none")},
                                        {"scalars", IntList{}},
                                        {"algorithm", None{}}});
}

Node own_form(Program& program, const Node& conv, const at::Tensor& weight,
              const ConvolutionSizes& sizes) {
  const ConvolutionWindow& window = sizes.window;
  const bool is_depthwise = window.groups > 1;
  is_depthwise ? register_depthwise_convolution() : register_packed_convolution();
  const ValueId packed =
      add_weight(program, "packed_columns",
                 shared_form(weight, is_depthwise ? pack_depthwise : pack_convolution_columns));
  Node node = make_node(is_depthwise ? kDepthwiseConvolution : kPackedConvolution,
                        {{"x", ValueRef{operand_of(conv, "input")}},
                         {"weight", ValueRef{packed}},
                         {"bias", argument_of(conv, "bias", None{})},
                         {"other", None{}}});
  const auto add = [&](const char* name, Argument value) {
    node.arguments.push_back({name, std::move(value), false});
  };
  if (!is_depthwise) add("kernel", int_list({weight.size(2), weight.size(3)}));
  add("stride", int_list(window.stride));
  add("padding", int_list(window.padding));
  add("dilation", int_list(window.dilation));
  if (!is_depthwise) add("columns", weight.size(0));
  add("activation", std::string("none"));
  if (!is_depthwise) {
    add("x_norm", None{});
    add("x_activation", std::string("none"));
  }
  return node;
}

// The packed form of a convolution; nullopt where none fits. Without a race oneDNN's.
std::optional<Node> packed_form(Program& program, const Node& conv,
                                const std::map<ValueId, at::Tensor>& weights, KernelRace* race) {
  if (conv.op != "aten::conv2d" || !conv.overload.empty()) return std::nullopt;
  const ValueId input = operand_of(conv, "input");
  const auto weight = weights.find(operand_of(conv, "weight"));
  const auto window = window_of(conv);
  if (!window || input == kNoValue || weight == weights.end() ||
      weight->second.scalar_type() != at::kFloat || program.value(input).dtype != at::kFloat ||
      program.value(input).shape.size() != 4) {
    return std::nullopt;
  }
  // What lies beyond the border is 0, times an infinite weight NaN: only libtorch computes that,
  // and a ReLU inside (fuse_pointwise.h) would hide it, or a bias that is NaN.
  const auto bias = weights.find(operand_of(conv, "bias"));
  if (!is_finite(weight->second) || (bias != weights.end() && !is_finite(bias->second))) {
    return std::nullopt;
  }
  const ConvolutionSizes sizes{hinted_sizes(program.value(input)), weight->second.sizes().vec(),
                               *window};
  Node node = race == nullptr || quickest_convolution(*race, sizes) == ConvolutionKernel::kOnednn
                  ? for_onednn(program, conv, weight->second, sizes)
                  : own_form(program, conv, weight->second, sizes);
  node.outputs = conv.outputs;
  return node;
}

}  // namespace

std::optional<ConvolutionWindow> window_of(const Node& conv) {
  const auto pair = [&](const char* name, int64_t otherwise) {
    auto numbers = integers_of(conv, name, {otherwise});
    if (numbers && numbers->size() == 1) numbers->push_back(numbers->front());
    return numbers && numbers->size() == 2 ? numbers : std::nullopt;
  };
  const auto padding = pair("padding", 0), stride = pair("stride", 1),
             dilation = pair("dilation", 1);
  if (!padding || !stride || !dilation) return std::nullopt;
  return ConvolutionWindow{*padding, *stride, *dilation, integer_of(conv, "groups", 1)};
}

Program prepack_convolution(Program program, const Target& target) {
  static const bool can = has_onednn_convolutions();
  if (!can || looks_at_strides(program)) return program;
  const at::NoGradGuard no_gradients;
  const std::map<ValueId, at::Tensor> weights = tensors_by_value(program);
  KernelRace race(target.kernels, target.race_seconds);
  const bool wants_bf16 = target.precision == Precision::kBf16 && can_compute_bf16();
  bool replaced = false;
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    const Node conv = program.nodes[i];
    auto node = packed_form(program, conv, weights, wants_bf16 ? nullptr : &race);
    if (!node) continue;
    program.nodes[i] = std::move(*node);
    replaced = true;
  }
  return replaced ? layout_free(std::move(program)) : program;
}

Program put_channels_last(Program program) {
  std::vector<Node> before = std::move(program.nodes), nodes;
  std::set<ValueId> done;  // results of packed convolutions
  for (Node& node : before) {
    if (node.op == kPackedConvolution || node.op == kDepthwiseConvolution) {
      done.insert(node.outputs[0].ids[0]);
    } else if (node.op == kOnednnConvolution) {
      auto& input = std::get<ValueRef>(node.arguments.at(0).value);
      if (done.count(input.id) == 0) {
        Node turn = make_node(
            "aten::contiguous",
            {{"self", ValueRef{input.id}}, {"memory_format", at::MemoryFormat::ChannelsLast}});
        input.id = add_result(program, turn, "channels_last", input.id);
        nodes.push_back(std::move(turn));
      }
      done.insert(node.outputs[0].ids[0]);
    }
    nodes.push_back(std::move(node));
  }
  program.nodes = std::move(nodes);
  return program;
}

}  // namespace maas
