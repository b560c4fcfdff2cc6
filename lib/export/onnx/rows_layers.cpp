// Rows: convolutions, normalisation, pooling, resizing, embedding.
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>

#include <numeric>

#include "export/onnx/writer.h"
#include "program/arguments.h"

namespace maas {
namespace {

using Ints = std::vector<int64_t>;

// A list of `rank` numbers; one number stands for all of them.
std::optional<Ints> spread(const Node& node, const std::string& name, size_t rank, Ints otherwise) {
  auto list = integers_of(node, name, otherwise);
  if (!list) return std::nullopt;
  if (list->empty()) list = otherwise;
  if (list->size() == 1) list->assign(rank, list->front());
  return list->size() == rank ? list : std::nullopt;
}

Ints both_ends(const Ints& padding) {
  Ints pads = padding;
  pads.insert(pads.end(), padding.begin(), padding.end());
  return pads;
}

// Sizes of the window over `rank` dimensions, of a weight or input whose sizes are known.
std::optional<Ints> plain_sizes(const std::vector<Dim>& shape, size_t first) {
  Ints sizes;
  for (size_t d = first; d < shape.size(); ++d) {
    if (shape[d].is_symbolic()) return std::nullopt;
    sizes.push_back(shape[d].size);
  }
  return sizes;
}

// "same" pads so that a stride of 1 keeps the size; the odd one goes to the end.
std::optional<Ints> pads_of(const Node& node, const Ints& kernel, const Ints& dilation) {
  const Argument* given = node.find("padding");
  const auto* word = given == nullptr ? nullptr : std::get_if<std::string>(given);
  if (word == nullptr) {
    const auto padding = spread(node, "padding", kernel.size(), {0});
    return padding ? std::optional(both_ends(*padding)) : std::nullopt;
  }
  Ints begins, ends;
  for (size_t d = 0; d < kernel.size(); ++d) {
    const int64_t total = *word == "same" ? dilation[d] * (kernel[d] - 1) : 0;
    begins.push_back(total / 2);
    ends.push_back(total - total / 2);
  }
  begins.insert(begins.end(), ends.begin(), ends.end());
  return begins;
}

bool write_convolution(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "input");
  const Value* weight = w.value_of(node, "weight");
  if (x == nullptr || weight == nullptr || weight->shape.size() < 3) return false;
  if (x->shape.size() != weight->shape.size()) return false;
  const auto kernel = plain_sizes(weight->shape, 2);
  if (!kernel) return false;
  const size_t rank = kernel->size();
  const auto stride = spread(node, "stride", rank, {1});
  const auto dilation = spread(node, "dilation", rank, {1});
  if (!stride || !dilation) return false;
  const auto pads = pads_of(node, *kernel, *dilation);
  if (!pads) return false;
  const bool transposed =
      node.op.find("conv_transpose") != std::string::npos || flag_of(node, "transposed", false);
  std::vector<OnnxAttribute> attributes = {{"dilations", *dilation},
                                           {"group", integer_of(node, "groups", 1)},
                                           {"kernel_shape", *kernel},
                                           {"pads", *pads},
                                           {"strides", *stride}};
  if (transposed) {
    const auto extra = spread(node, "output_padding", rank, {0});
    if (!extra) return false;
    attributes.push_back({"output_padding", *extra});
  }
  return w.give(
      node, w.emit(transposed ? "ConvTranspose" : "Conv",
                   {w.operand(node, "input"), w.operand(node, "weight"), w.operand(node, "bias")},
                   attributes));
}

// A scale or shift that is left out: ones or zeros.
std::string or_constant(OnnxWriter& w, const Node& node, const std::string& name, const Ints& sizes,
                        double otherwise) {
  const std::string given = w.operand(node, name);
  if (!given.empty()) return given;
  const at::ScalarType dtype = w.result_of(node).dtype;
  return w.constant(at::ones(sizes, dtype).mul(otherwise));
}

std::optional<int64_t> channels_of(const Value* x) {
  if (x == nullptr || x->shape.size() < 2 || x->shape[1].is_symbolic()) return std::nullopt;
  return x->shape[1].size;
}

bool write_batch_norm(OnnxWriter& w, const Node& node) {
  const auto channels = channels_of(w.value_of(node, "input"));
  if (!channels || flag_of(node, "training", false)) return false;
  const std::string mean = w.operand(node, "running_mean"), var = w.operand(node, "running_var");
  if (mean.empty() || var.empty() || w.is_used(node, 1) || w.is_used(node, 2)) return false;
  return w.give(node,
                w.emit("BatchNormalization",
                       {w.operand(node, "input"), or_constant(w, node, "weight", {*channels}, 1),
                        or_constant(w, node, "bias", {*channels}, 0), mean, var},
                       {{"epsilon", static_cast<float>(number_of(node, "eps", 1e-5))}}));
}

bool write_layer_norm(OnnxWriter& w, const Node& node) {
  const auto sizes = integers_of(node, "normalized_shape", {});
  if (!sizes || sizes->empty() || w.is_used(node, 1) || w.is_used(node, 2)) return false;
  const std::string bias = w.operand(node, "bias");
  return w.give(node,
                w.emit("LayerNormalization",
                       {w.operand(node, "input"), or_constant(w, node, "weight", *sizes, 1), bias},
                       {axis_attribute(-static_cast<int64_t>(sizes->size())),
                        {"epsilon", static_cast<float>(number_of(node, "eps", 1e-5))}}));
}

// [C] as it meets [B, C, ...].
std::string along_channels(OnnxWriter& w, const std::string& vector, size_t rank) {
  Ints axes(rank - 2);
  std::iota(axes.begin(), axes.end(), 1);
  return axes.empty() ? vector : w.emit("Unsqueeze", {vector, w.numbers(axes)});
}

// Groups become the channels of an instance norm.
bool write_group_norm(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "input");
  const bool native = node.op == "aten::native_group_norm";
  const int64_t groups = integer_of(node, native ? "group" : "num_groups", 0);
  if (!channels_of(x) || groups <= 0 || w.is_used(node, 1) || w.is_used(node, 2)) return false;
  const at::ScalarType dtype = w.result_of(node).dtype;
  const std::string input = w.operand(node, "input");
  const std::string grouped = w.emit("Reshape", {input, w.numbers({0, groups, -1})});
  std::string y = w.emit(
      "InstanceNormalization",
      {grouped, w.constant(at::ones({groups}, dtype)), w.constant(at::zeros({groups}, dtype))},
      {{"epsilon", static_cast<float>(number_of(node, "eps", 1e-5))}});
  y = w.emit("Reshape", {y, w.emit("Shape", {input})});
  const std::string weight = w.operand(node, "weight"), bias = w.operand(node, "bias");
  if (!weight.empty()) y = w.emit("Mul", {y, along_channels(w, weight, x->shape.size())});
  if (!bias.empty()) y = w.emit("Add", {y, along_channels(w, bias, x->shape.size())});
  return w.give(node, y);
}

bool write_instance_norm(OnnxWriter& w, const Node& node) {
  const auto channels = channels_of(w.value_of(node, "input"));
  if (!channels || !flag_of(node, "use_input_stats", true)) return false;
  return w.give(node,
                w.emit("InstanceNormalization",
                       {w.operand(node, "input"), or_constant(w, node, "weight", {*channels}, 1),
                        or_constant(w, node, "bias", {*channels}, 0)},
                       {{"epsilon", static_cast<float>(number_of(node, "eps", 1e-5))}}));
}

size_t window_rank(const Node& node) {
  if (node.op.find("1d") != std::string::npos) return 1;
  return node.op.find("3d") != std::string::npos ? 3 : 2;
}

bool write_pool(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const size_t rank = window_rank(node);
  if (x == nullptr || x->shape.size() != rank + 2 || w.is_used(node, 1)) return false;
  const bool is_max = node.op.find("max") != std::string::npos;
  const auto kernel = spread(node, "kernel_size", rank, {});
  if (!kernel) return false;
  const auto stride = spread(node, "stride", rank, *kernel);
  const auto padding = spread(node, "padding", rank, {0});
  const auto dilation = spread(node, "dilation", rank, {1});
  const Argument* divisor = node.find("divisor_override");
  if (divisor != nullptr && !std::holds_alternative<None>(*divisor)) return false;
  if (!stride || !padding || !dilation) return false;
  std::vector<OnnxAttribute> attributes = {
      {"ceil_mode", static_cast<int64_t>(flag_of(node, "ceil_mode", false))},
      {"kernel_shape", *kernel},
      {"pads", both_ends(*padding)},
      {"strides", *stride}};
  if (is_max) {
    attributes.push_back({"dilations", *dilation});
  } else {
    attributes.push_back(
        {"count_include_pad", static_cast<int64_t>(flag_of(node, "count_include_pad", true))});
  }
  return w.give(node,
                w.emit(is_max ? "MaxPool" : "AveragePool", {w.operand(node, "self")}, attributes));
}

// The mean over everything, or over windows of one size: those that need no more than a pool.
bool write_adaptive_pool(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  const size_t rank = window_rank(node);
  const auto wanted = spread(node, "output_size", rank, {});
  if (x == nullptr || !wanted || x->shape.size() != rank + 2 || w.is_used(node, 1)) return false;
  const bool is_max = node.op.find("max") != std::string::npos;
  const std::string input = w.operand(node, "self");
  if (*wanted == Ints(rank, 1)) {
    return w.give(node, w.emit(is_max ? "GlobalMaxPool" : "GlobalAveragePool", {input}));
  }
  const auto sizes = plain_sizes(x->shape, 2);
  if (!sizes) return false;
  Ints kernel;
  for (size_t d = 0; d < rank; ++d) {
    if ((*wanted)[d] <= 0 || (*sizes)[d] % (*wanted)[d] != 0) return false;
    kernel.push_back((*sizes)[d] / (*wanted)[d]);
  }
  return w.give(node, w.emit(is_max ? "MaxPool" : "AveragePool", {input},
                             {{"kernel_shape", kernel}, {"strides", kernel}}));
}

// Factors where the node names them, else sizes: a factor from sizes may round to another size.
bool set_resize(OnnxWriter& w, const Node& node, ValueId x, std::vector<std::string>& inputs) {
  const Argument* given = node.find("scale_factors");
  const auto* list = given == nullptr ? nullptr : std::get_if<std::vector<double>>(given);
  if (list != nullptr) {
    std::vector<float> factors = {1, 1};
    factors.insert(factors.end(), list->begin(), list->end());
    inputs.push_back(w.constant(at::tensor(factors)));
    return true;
  }
  const auto to = plain_sizes(w.result_of(node).shape, 2);
  if (!to) return false;
  inputs.push_back("");
  inputs.push_back(
      w.emit("Concat", {w.size_of(x, 0), w.size_of(x, 1), w.numbers(*to)}, {axis_attribute(0)}));
  return true;
}

bool write_resize(OnnxWriter& w, const Node& node) {
  const ValueId x = operand_of(node, node.overload == "vec" ? "input" : "self");
  if (x == kNoValue || w.program().value(x).shape.size() < 3) return false;
  std::vector<std::string> inputs = {w.name_of(x), ""};
  if (!set_resize(w, node, x, inputs)) return false;
  const bool nearest = node.op.find("nearest") != std::string::npos;
  const char* place = nearest                                 ? "asymmetric"
                      : flag_of(node, "align_corners", false) ? "align_corners"
                                                              : "half_pixel";
  std::vector<OnnxAttribute> attributes = {{"coordinate_transformation_mode", std::string(place)},
                                           {"mode", std::string(nearest ? "nearest" : "linear")}};
  if (nearest) attributes.push_back({"nearest_mode", std::string("floor")});
  return w.give(node, w.emit("Resize", inputs, attributes));
}

bool write_embedding(OnnxWriter& w, const Node& node) {
  return w.give(node, w.emit("Gather", {w.operand(node, "weight"), w.operand(node, "indices")},
                             {axis_attribute(0)}));
}

bool write_pixel_shuffle(OnnxWriter& w, const Node& node) {
  const Value* x = w.value_of(node, "self");
  if (x == nullptr || x->shape.size() != 4) return false;
  return w.give(node, w.emit("DepthToSpace", {w.operand(node, "self")},
                             {{"blocksize", integer_of(node, "upscale_factor", 1)},
                              {"mode", std::string("CRD")}}));
}

constexpr const char* kStatistics = "batch statistics and momentum, which only training uses";

constexpr OperatorRow kRows[] = {
    {"aten::conv1d", write_convolution, nullptr},
    {"aten::conv2d", write_convolution, nullptr},
    {"aten::conv3d", write_convolution, nullptr},
    {"aten::convolution", write_convolution, nullptr},
    {"aten::conv_transpose1d", write_convolution, nullptr},
    {"aten::conv_transpose2d", write_convolution, nullptr},
    {"aten::conv_transpose3d", write_convolution, nullptr},
    {"aten::batch_norm", write_batch_norm, kStatistics},
    {"aten::_native_batch_norm_legit_no_training", write_batch_norm, kStatistics},
    {"aten::layer_norm", write_layer_norm, nullptr},
    {"aten::native_layer_norm", write_layer_norm, nullptr},
    {"aten::group_norm", write_group_norm, nullptr},
    {"aten::native_group_norm", write_group_norm, nullptr},
    {"aten::instance_norm", write_instance_norm, kStatistics},
    {"aten::max_pool1d", write_pool, nullptr},
    {"aten::max_pool2d", write_pool, nullptr},
    {"aten::max_pool3d", write_pool, nullptr},
    {"aten::max_pool2d_with_indices", write_pool, "indices"},
    {"aten::avg_pool1d", write_pool, nullptr},
    {"aten::avg_pool2d", write_pool, nullptr},
    {"aten::avg_pool3d", write_pool, nullptr},
    {"aten::adaptive_avg_pool1d", write_adaptive_pool, nullptr},
    {"aten::adaptive_avg_pool2d", write_adaptive_pool, nullptr},
    {"aten::_adaptive_avg_pool2d", write_adaptive_pool, nullptr},
    {"aten::adaptive_max_pool2d", write_adaptive_pool, "indices"},
    {"aten::upsample_nearest1d", write_resize, nullptr},
    {"aten::upsample_nearest2d", write_resize, nullptr},
    {"aten::upsample_bilinear2d", write_resize, nullptr},
    {"aten::embedding", write_embedding, nullptr},
    {"aten::pixel_shuffle", write_pixel_shuffle, nullptr},
};

}  // namespace

std::span<const OperatorRow> onnx_layer_rows() { return kRows; }

}  // namespace maas
