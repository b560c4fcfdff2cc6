#include "run/lower/int8_layer.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_int_mm.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <limits>
#include <map>

#include "program/arguments.h"
#include "program/emit.h"
#include "program/rewrite.h"

namespace maas {
namespace {

constexpr const char* kPackConvolution = "onednn::qconv_prepack";
constexpr const char* kConvolution = "onednn::qconv2d_pointwise";
constexpr double kInfinity = std::numeric_limits<double>::infinity();

const Node* maker_of(const Program& program, ValueId value) {
  for (const Node& node : program.nodes) {
    bool makes = false;
    for_each_result(node, [&](ValueId id) { makes = makes || id == value; });
    if (makes) return &node;
  }
  return nullptr;
}

// What the matrix is the transpose of.
ValueId turned(const Program& program, ValueId value) {
  const Node* node = maker_of(program, value);
  if (node == nullptr) return kNoValue;
  const std::string name = node->full_name();
  const auto is_swap = [&] {
    if (name == "aten::t") return true;
    if (name == "aten::permute")
      return integers_of(*node, "dims", {}) == std::vector<int64_t>{1, 0};
    if (name != "aten::transpose.int") return false;
    const int64_t a = integer_of(*node, "dim0", 0), b = integer_of(*node, "dim1", 0);
    return (a + b) % 2 != 0;
  };
  return is_swap() ? operand_of(*node, "self") : kNoValue;
}

// At most this many products fit into an int32.
bool sums_fit(const at::Tensor& weight) {
  return weight.numel() / std::max<int64_t>(1, weight.size(0)) <
         std::numeric_limits<int32_t>::max() / (kActivationHigh * kWeightLimit);
}

bool set_window(Int8Layer& layer, const Node& node) {
  const auto pair = [&](const char* name, int64_t otherwise, std::vector<int64_t>& into) {
    auto numbers = integers_of(node, name, {otherwise});
    if (numbers && numbers->size() == 1) numbers->push_back(numbers->front());
    if (!numbers || numbers->size() != 2) return false;
    into = *numbers;
    return true;
  };
  layer.groups = integer_of(node, "groups", 1);
  return pair("stride", 1, layer.stride) && pair("padding", 0, layer.padding) &&
         pair("dilation", 1, layer.dilation);
}

// Fills in kind, input and weight.
bool set_product(Int8Layer& layer, const Program& program, const Node& node) {
  const std::string name = node.full_name();
  ValueId weight = operand_of(node, "weight");
  layer.input = operand_of(node, "input");
  if (name == "aten::conv2d") {
    layer.kind = Int8Layer::Kind::kConvolution;
    if (!set_window(layer, node)) return false;
  } else if (name == "aten::addmm") {
    if (number_of(node, "alpha", 1) != 1 || number_of(node, "beta", 1) != 1) return false;
    layer.input = operand_of(node, "mat1");
    weight = turned(program, operand_of(node, "mat2"));
  } else if (name != "aten::linear") {
    return false;
  }
  const auto stored = weight == kNoValue ? std::nullopt : quantized_weight(program, weight);
  const auto rank = layer.kind == Int8Layer::Kind::kConvolution ? 4 : 2;
  if (!stored || stored->values.dim() != rank || layer.input == kNoValue) return false;
  layer.weight = *stored;
  return true;
}

at::Tensor call(const char* op, torch::jit::Stack stack) {
  c10::Dispatcher::singleton().findSchemaOrThrow(op, "").callBoxed(stack);
  return stack.at(0).toTensor();
}

at::Tensor flat_scale(const Int8Layer& layer) {
  return layer.weight.scale.reshape({layer.weight.scale.numel()}).contiguous();
}

Argument bias_of(Program& program, const Int8Layer& layer) {
  if (!layer.bias.defined()) return None{};
  return ValueRef{add_constant(program, "bias", layer.bias.contiguous())};
}

at::Tensor packed(const Int8Layer& layer, const Value& input, const AffineGrid& grid) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : input.shape) sizes.push_back(std::max<int64_t>(dim.size, 1));
  return call(kPackConvolution,
              {layer.weight.values.contiguous(), flat_scale(layer), grid.scale, grid.zero_point,
               layer.stride, layer.padding, layer.dilation, layer.groups, sizes});
}

std::vector<Operand> convolution_operands(Program& program, const Int8Layer& layer, ValueId q,
                                          const AffineGrid& grid) {
  const at::Tensor scale = flat_scale(layer);
  const ValueId weight = add_constant(program, "packed", packed(layer, program.value(q), grid));
  return {{"qx", ValueRef{q}},
          {"x_scale", grid.scale},
          {"x_zero_point", grid.zero_point},
          {"qw", ValueRef{weight}},
          {"w_scale", ValueRef{add_constant(program, "scale", scale)}},
          {"w_zero_point",
           ValueRef{add_constant(program, "zeros", at::zeros({scale.numel()}, at::kInt))}},
          {"bias", bias_of(program, layer)},
          {"stride", int_list(layer.stride)},
          {"padding", int_list(layer.padding)},
          {"dilation", int_list(layer.dilation)},
          {"groups", layer.groups}};
}

Node convolution_node(Program& program, const Int8Layer& layer, ValueId q, const AffineGrid& grid,
                      const LayerEnd& end) {
  std::vector<Operand> operands = convolution_operands(program, layer, q, grid);
  operands.push_back({"output_scale", end.grid.scale});
  operands.push_back({"output_zero_point", end.grid.zero_point});
  operands.push_back({"output_dtype", end.rounded ? at::kByte : at::kFloat});
  const std::string unary = end.relu ? "relu" : "none";
  if (end.sum == kNoValue) {
    operands.push_back({"attr", unary});
    operands.push_back({"scalars", IntList{}});
    operands.push_back({"algorithm", None{}});
    return make_node(kConvolution, operands);
  }
  operands.insert(operands.begin() + 6, {"qaccum", ValueRef{end.sum}});
  operands.push_back({"accum_scale", end.sum_grid.scale});
  operands.push_back({"accum_zero_point", end.sum_grid.zero_point});
  operands.push_back({"binary_attr", std::string("sum")});
  operands.push_back({"alpha", 1.0});
  operands.push_back({"unary_attr", unary});
  operands.push_back({"unary_scalars", IntList{}});
  operands.push_back({"unary_algorithm", std::string()});
  return make_node(std::string(kConvolution) + ".binary", operands);
}

// A view, so that tied weights are in memory once.
ValueId turned_weight(Program& program, const Int8Layer& layer) {
  return add_constant(program, "int8", layer.weight.values.contiguous().t());
}

Node linear_node(Program& program, const Int8Layer& layer, ValueId q, const AffineGrid& grid,
                 const LayerEnd& end) {
  const at::Tensor zero = layer.weight.values.sum({1}, false, at::kInt) * grid.zero_point;
  return make_node(
      "maas::quantized_linear",
      {{"q", ValueRef{q}},
       {"weight", ValueRef{turned_weight(program, layer)}},
       {"correction", ValueRef{add_constant(program, "correction", zero.to(at::kInt))}},
       {"scale", ValueRef{add_constant(program, "scale", flat_scale(layer) * grid.scale)}},
       {"bias", bias_of(program, layer)},
       {"low", end.relu ? 0.0 : -kInfinity},
       {"high", kInfinity},
       {"out_scale", end.grid.scale},
       {"out_zero_point", end.grid.zero_point},
       {"quantized", end.rounded}});
}

Node token_linear_node(Program& program, const Int8Layer& layer, ValueId x, const LayerEnd& end) {
  return make_node("maas::token_quantized_linear",
                   {{"x", ValueRef{x}},
                    {"weight", ValueRef{turned_weight(program, layer)}},
                    {"scale", ValueRef{add_constant(program, "scale", flat_scale(layer))}},
                    {"bias", bias_of(program, layer)},
                    {"low", end.relu ? 0.0 : -kInfinity},
                    {"high", kInfinity}});
}

bool products_are_exact() {
  auto& dispatcher = c10::Dispatcher::singleton();
  if (!dispatcher.findSchema({kPackConvolution, ""}) || !dispatcher.findSchema({kConvolution, ""}))
    return false;
  const at::NoGradGuard no_gradients;
  constexpr int64_t kWidth = 64, kOutputs = 16;
  const at::Tensor least = at::full({3, kWidth}, kActivationHigh, at::kByte),
                   weight = at::full({kOutputs, kWidth}, kWeightLimit, at::kChar);
  constexpr int64_t kSum = kWidth * kActivationHigh * kWeightLimit;
  if (!(at::_int_mm(least, weight.t()) == kSum).all().item<bool>()) return false;

  Program program;
  Int8Layer layer;
  layer.kind = Int8Layer::Kind::kConvolution;
  layer.weight.values = weight.view({kOutputs, kWidth, 1, 1});
  layer.weight.scale = at::ones({kOutputs, 1, 1, 1});
  const std::vector<int64_t> ones = {1, 1}, zeros = {0, 0}, sizes = {1, kWidth, 3, 1};
  const at::Tensor q =
      at::full(sizes, kActivationHigh, at::kByte).contiguous(at::MemoryFormat::ChannelsLast);
  const at::Tensor scale = flat_scale(layer);
  const at::Tensor pack = call(kPackConvolution, {layer.weight.values, scale, 1.0, int64_t{0}, ones,
                                                  zeros, ones, int64_t{1}, sizes});
  const at::Tensor sums =
      call(kConvolution,
           {q, 1.0, int64_t{0}, pack, scale, at::zeros({kOutputs}, at::kInt), c10::IValue(), ones,
            zeros, ones, int64_t{1}, 1.0, int64_t{0}, static_cast<int64_t>(at::kFloat),
            std::string("none"), c10::List<std::optional<at::Scalar>>(), c10::IValue()});
  return (sums == kSum).all().item<bool>();
}

}  // namespace

std::optional<Int8Layer> int8_layer(const Program& program, const Node& node,
                                    const std::map<ValueId, at::Tensor>& tensors) {
  Int8Layer layer;
  if (node.op != "aten::conv2d" && node.op != "aten::linear" && node.op != "aten::addmm")
    return std::nullopt;
  if (!set_product(layer, program, node) || !sums_fit(layer.weight.values)) return std::nullopt;
  const ValueId bias = operand_of(node, node.op == "aten::addmm" ? "self" : "bias");
  if (bias != kNoValue) {
    const auto known = tensors.find(bias);
    if (known == tensors.end() || known->second.scalar_type() != at::kFloat ||
        known->second.dim() != 1 || known->second.size(0) != layer.weight.values.size(0)) {
      return std::nullopt;
    }
    layer.bias = known->second;
  }
  if (layer.kind == Int8Layer::Kind::kLinear) {
    if (const auto token = token_quantized(program, layer.input)) {
      layer.kind = Int8Layer::Kind::kTokenLinear;
      layer.input = token->input;
    }
  }
  return layer;
}

Node int8_node(Program& program, const Int8Layer& layer, ValueId q, const AffineGrid& input_grid,
               const LayerEnd& end) {
  switch (layer.kind) {
    case Int8Layer::Kind::kLinear:
      return linear_node(program, layer, q, input_grid, end);
    case Int8Layer::Kind::kTokenLinear:
      return token_linear_node(program, layer, q, end);
    case Int8Layer::Kind::kConvolution:
      return convolution_node(program, layer, q, input_grid, end);
  }
  return {};
}

Node float_node(Program& program, const Int8Layer& layer, ValueId x) {
  const ValueId weight = add_constant(program, "weight", dequantized(layer.weight));
  std::vector<Operand> operands = {
      {"input", ValueRef{x}}, {"weight", ValueRef{weight}}, {"bias", bias_of(program, layer)}};
  if (layer.kind != Int8Layer::Kind::kConvolution) return make_node("aten::linear", operands);
  operands.push_back({"stride", int_list(layer.stride)});
  operands.push_back({"padding", int_list(layer.padding)});
  operands.push_back({"dilation", int_list(layer.dilation)});
  operands.push_back({"groups", layer.groups});
  return make_node("aten::conv2d", operands);
}

bool int8_products_are_exact() {
  static const bool exact = products_are_exact();
  return exact;
}

}  // namespace maas
