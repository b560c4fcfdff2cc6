// Reading: convolutions, normalisation, pooling, resizing.
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "export/onnx/reader.h"
#include "program/arguments.h"

namespace maas {
namespace {

using Ints = std::vector<int64_t>;

struct Window {
  ValueId x = kNoValue;  // padded where the window cannot do it
  Ints kernel, stride, padding, dilation;
};

Ints list_or(const OnnxReader& r, const OnnxNode& node, const char* name, size_t rank,
             int64_t otherwise) {
  const auto found = r.list(node, name);
  if (!found) return Ints(rank, otherwise);
  if (found->size() != rank) {
    r.refuse(node, fmt::format("'{}' of {} numbers", name, found->size()), std::to_string(rank));
  }
  return *found;
}

// Begins, then ends. "SAME" pads so that the output has the input's size over the stride.
Ints pads_of(OnnxReader& r, const OnnxNode& node, const Window& window) {
  const size_t rank = window.kernel.size();
  const std::string automatic = r.text(node, "auto_pad", "NOTSET");
  if (automatic == "NOTSET") return list_or(r, node, "pads", 2 * rank, 0);
  Ints pads(2 * rank, 0);
  if (automatic == "VALID") return pads;
  const std::vector<Dim>& shape = r.value(window.x).shape;
  for (size_t d = 0; d < rank; ++d) {
    const Dim& size = shape[d + 2];
    if (size.is_symbolic() || window.stride[d] < 1) {
      r.refuse(node, "auto_pad of a size that varies", "pads");
    }
    const int64_t outputs = (size.size + window.stride[d] - 1) / window.stride[d];
    const int64_t reach = (window.kernel[d] - 1) * window.dilation[d] + 1;
    const int64_t total =
        std::max<int64_t>((outputs - 1) * window.stride[d] + reach - size.size, 0);
    const int64_t small = total / 2;
    pads[d] = automatic == "SAME_LOWER" ? total - small : small;
    pads[d + rank] = total - pads[d];
  }
  return pads;
}

struct PaddingRules {
  bool may_stand_alone = true;  // as an operator of its own in front
  double fill = 0;              // what it pads with then
  bool at_most_half = false;    // of the kernel, inside the operator
};

void set_padding(OnnxReader& r, const OnnxNode& node, Window& window, const PaddingRules& rules) {
  const size_t rank = window.kernel.size();
  const Ints pads = pads_of(r, node, window);
  bool inside = true;
  for (size_t d = 0; d < rank; ++d) {
    inside = inside && pads[d] == pads[d + rank] && pads[d] >= 0;
    inside = inside && (!rules.at_most_half || pads[d] <= window.kernel[d] / 2);
  }
  window.padding.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(rank));
  if (inside) return;
  if (!rules.may_stand_alone) r.refuse(node, "different padding at begin and end", "the same");
  Ints around;
  for (size_t d = rank; d-- > 0;) {
    around.push_back(pads[d]);
    around.push_back(pads[d + rank]);
  }
  window.x = r.call("aten::constant_pad_nd",
                    {self(window.x), {"pad", int_list(around)}, {"value", rules.fill}});
  window.padding.assign(rank, 0);
}

Window window_of(OnnxReader& r, const OnnxNode& node, Ints kernel) {
  Window window;
  window.x = r.tensor(node, 0);
  window.kernel = std::move(kernel);
  const size_t rank = window.kernel.size();
  if (rank < 1 || rank > 3 || rank_of(r, window.x) != rank + 2) {
    r.refuse(
        node,
        fmt::format("a window of {} dimensions over {}", rank, to_text(r.value(window.x).shape)),
        "[B, C] and one to three dimensions");
  }
  window.stride = list_or(r, node, "strides", rank, 1);
  window.dilation = list_or(r, node, "dilations", rank, 1);
  return window;
}

Ints plain_sizes(const OnnxReader& r, ValueId id, size_t first) {
  Ints sizes;
  const std::vector<Dim>& shape = r.value(id).shape;
  for (size_t d = first; d < shape.size(); ++d) sizes.push_back(shape[d].size);
  return sizes;
}

void read_convolution(OnnxReader& r, const OnnxNode& node) {
  const ValueId weight = r.tensor(node, 1);
  const bool transposed = node.op == "ConvTranspose";
  Window window = window_of(r, node, plain_sizes(r, weight, 2));
  if (r.list(node, "output_shape")) r.refuse(node, "'output_shape'", "pads");
  const size_t rank = window.kernel.size();
  set_padding(r, node, window, {.may_stand_alone = !transposed});
  std::vector<Operand> operands = {reference("input", window.x),
                                   reference("weight", weight),
                                   {"bias", r.tensor_or_none(node, 2)},
                                   {"stride", int_list(window.stride)},
                                   {"padding", int_list(window.padding)}};
  if (transposed) {
    operands.push_back({"output_padding", int_list(list_or(r, node, "output_padding", rank, 0))});
    operands.push_back({"groups", r.integer(node, "group", 1)});
    operands.push_back({"dilation", int_list(window.dilation)});
    const char* overload = rank == 1 ? "" : ".input";
    r.give(node, r.call(fmt::format("aten::conv_transpose{}d{}", rank, rank == 1 ? "" : overload),
                        operands));
    return;
  }
  operands.push_back({"dilation", int_list(window.dilation)});
  operands.push_back({"groups", r.integer(node, "group", 1)});
  r.give(node, r.call(fmt::format("aten::conv{}d", rank), operands));
}

void read_batch_norm(OnnxReader& r, const OnnxNode& node) {
  if (r.integer(node, "training_mode", 0) != 0) r.refuse(node, "training mode", "inference");
  const ValueId mean = r.buffer(node, 3), variance = r.buffer(node, 4);
  r.give(node, r.call("aten::batch_norm", {reference("input", r.tensor(node, 0)),
                                           reference("weight", r.tensor(node, 1)),
                                           reference("bias", r.tensor(node, 2)),
                                           reference("running_mean", mean),
                                           reference("running_var", variance),
                                           {"training", false},
                                           {"momentum", 0.1},
                                           {"eps", r.real(node, "epsilon", 1e-5)},
                                           {"cudnn_enabled", true}}));
}

void read_layer_norm(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const int64_t axis = front_dim(r, node, r.integer(node, "axis", -1), rank_of(r, x));
  const auto first = static_cast<size_t>(axis);
  for (size_t d = first; d < rank_of(r, x); ++d) {
    if (r.value(x).shape[d].is_symbolic()) r.refuse(node, "a size that varies", "fixed ones");
  }
  r.give(node, r.call("aten::layer_norm", {reference("input", x),
                                           {"normalized_shape", int_list(plain_sizes(r, x, first))},
                                           {"weight", r.tensor_or_none(node, 1)},
                                           {"bias", r.tensor_or_none(node, 2)},
                                           {"eps", r.real(node, "epsilon", 1e-5)}}));
}

void read_instance_norm(OnnxReader& r, const OnnxNode& node) {
  r.give(node, r.call("aten::instance_norm", {reference("input", r.tensor(node, 0)),
                                              {"weight", r.tensor_or_none(node, 1)},
                                              {"bias", r.tensor_or_none(node, 2)},
                                              {"running_mean", None{}},
                                              {"running_var", None{}},
                                              {"use_input_stats", true},
                                              {"momentum", 0.1},
                                              {"eps", r.real(node, "epsilon", 1e-5)},
                                              {"cudnn_enabled", true}}));
}

void read_group_norm(OnnxReader& r, const OnnxNode& node) {
  if (r.opset() < 21) r.refuse(node, "GroupNormalization of opset 18", "opset 21 or later");
  r.give(node, r.call("aten::group_norm", {reference("input", r.tensor(node, 0)),
                                           {"num_groups", r.integer(node, "num_groups", 1)},
                                           {"weight", r.tensor_or_none(node, 1)},
                                           {"bias", r.tensor_or_none(node, 2)},
                                           {"eps", r.real(node, "epsilon", 1e-5)}}));
}

void read_pool(OnnxReader& r, const OnnxNode& node) {
  const bool is_max = node.op == "MaxPool";
  const auto kernel = r.list(node, "kernel_shape");
  if (!kernel) r.refuse(node, "has no 'kernel_shape'", "one");
  Window window = window_of(r, node, *kernel);
  const bool counts = r.integer(node, "count_include_pad", 0) != 0;
  set_padding(r, node, window,
              {.may_stand_alone = is_max || counts,
               .fill = is_max ? -std::numeric_limits<double>::infinity() : 0,
               .at_most_half = true});
  const bool dilated = std::any_of(window.dilation.begin(), window.dilation.end(),
                                   [](int64_t step) { return step != 1; });
  if (!is_max && dilated) r.refuse(node, "'dilations'", "none");
  std::vector<Operand> operands = {self(window.x),
                                   {"kernel_size", int_list(window.kernel)},
                                   {"stride", int_list(window.stride)},
                                   {"padding", int_list(window.padding)}};
  if (is_max) operands.push_back({"dilation", int_list(window.dilation)});
  operands.push_back({"ceil_mode", r.integer(node, "ceil_mode", 0) != 0});
  if (!is_max) operands.push_back({"count_include_pad", counts});
  r.give(node, r.call(fmt::format("aten::{}_pool{}d", is_max ? "max" : "avg", window.kernel.size()),
                      operands));
}

void read_global_pool(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const size_t rank = rank_of(r, x);
  if (rank < 3) r.refuse(node, "an input of " + to_text(r.value(x).shape), "[B, C, ...]");
  if (node.op == "GlobalAveragePool" && rank == 4) {
    r.give(node, r.call("aten::adaptive_avg_pool2d", {self(x), {"output_size", int_list({1, 1})}}));
    return;
  }
  Ints dims;
  for (size_t d = 2; d < rank; ++d) dims.push_back(static_cast<int64_t>(d));
  const char* op = node.op == "GlobalMaxPool" ? "aten::amax" : "aten::mean.dim";
  r.give(node, r.call(op, {self(x), {"dim", int_list(dims)}, {"keepdim", true}}));
}

// Factors or sizes of the last two dimensions; the first two stay.
void read_resize(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  if (rank_of(r, x) != 4)
    r.refuse(node, "an input of " + to_text(r.value(x).shape), "[B, C, H, W]");
  const std::string mode = r.text(node, "mode", "nearest");
  const std::string place = r.text(node, "coordinate_transformation_mode", "half_pixel");
  std::vector<Operand> operands = {reference("input", x)};
  Argument size = None{}, factors = None{};
  if (r.has(node, 3)) {
    const IntList all = r.size_list(node, 3);
    if (all.items.size() != 4) r.refuse(node, "sizes of other than 4 dimensions", "4");
    size = IntList{{all.items[2], all.items[3]}};
  } else {
    const auto scales = r.constant(node, 2);
    if (!scales || scales->numel() != 4) r.refuse(node, "scales that are computed", "4 constants");
    const at::Tensor all = scales->to(at::kDouble).reshape({4}).contiguous();
    const double* data = all.const_data_ptr<double>();
    if (data[0] != 1 || data[1] != 1) r.refuse(node, "scales of batch or channels", "1");
    factors = std::vector<double>{data[2], data[3]};
  }
  operands.push_back({"output_size", size});
  if (mode == "nearest" && place == "asymmetric" && r.text(node, "nearest_mode", "") == "floor") {
    operands.push_back({"scale_factors", factors});
    r.give(node, r.call("aten::upsample_nearest2d.vec", operands));
    return;
  }
  const bool corners = place == "align_corners";
  if (mode != "linear" || (!corners && place != "half_pixel" && place != "pytorch_half_pixel")) {
    r.refuse(node, fmt::format("mode '{}' with '{}'", mode, place),
             "nearest (asymmetric, floor) or linear (half_pixel, align_corners)");
  }
  operands.push_back({"align_corners", corners});
  operands.push_back({"scale_factors", factors});
  r.give(node, r.call("aten::upsample_bilinear2d.vec", operands));
}

void read_depth_to_space(OnnxReader& r, const OnnxNode& node) {
  if (r.text(node, "mode", "DCR") != "CRD") r.refuse(node, "mode DCR", "CRD");
  r.give(node,
         r.call("aten::pixel_shuffle",
                {self(r.tensor(node, 0)), {"upscale_factor", r.integer(node, "blocksize", 1)}}));
}

void read_dropout(OnnxReader& r, const OnnxNode& node) {
  if (r.has(node, 2) && r.scalar(node, 2).value_or(1) != 0) r.refuse(node, "training", "inference");
  r.give_same(node);
}

constexpr ReaderRow kRows[] = {{"Conv", read_convolution},
                               {"ConvTranspose", read_convolution},
                               {"BatchNormalization", read_batch_norm},
                               {"LayerNormalization", read_layer_norm},
                               {"InstanceNormalization", read_instance_norm},
                               {"GroupNormalization", read_group_norm},
                               {"MaxPool", read_pool},
                               {"AveragePool", read_pool},
                               {"GlobalAveragePool", read_global_pool},
                               {"GlobalMaxPool", read_global_pool},
                               {"Resize", read_resize},
                               {"DepthToSpace", read_depth_to_space},
                               {"Dropout", read_dropout}};

}  // namespace

std::span<const ReaderRow> onnx_layer_readers() { return kRows; }

}  // namespace maas
