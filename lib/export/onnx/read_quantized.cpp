// Reading: QuantizeLinear and DequantizeLinear as the stored form (program/quantized_form.h).
#include <ATen/ops/clamp.h>
#include <ATen/ops/round.h>
#include <ATen/ops/zeros_like.h>
#include <fmt/format.h>

#include "export/onnx/reader.h"
#include "program/arguments.h"

namespace maas {
namespace {

struct Grid {
  at::Tensor scale, zero_point;  // constants: [] or [1], or [C]
  int64_t axis = 1;
};

Grid grid_of(OnnxReader& r, const OnnxNode& node) {
  Grid grid;
  const auto scale = r.constant(node, 1);
  if (!scale || scale->dim() > 1 || scale->numel() == 0) {
    r.refuse(node, "a scale that is computed or in blocks", "one number, or one a channel");
  }
  grid.scale = scale->to(at::kFloat).reshape({-1});
  grid.axis = r.integer(node, "axis", 1);
  grid.zero_point = at::zeros_like(grid.scale, at::TensorOptions().dtype(at::kLong));
  if (r.has(node, 2)) {
    const auto zero = r.constant(node, 2);
    if (!zero || zero->numel() != grid.scale.numel()) {
      r.refuse(node, "a zero point that is computed or of another size", "as the scale");
    }
    grid.zero_point = zero->to(at::kLong).reshape({-1});
  }
  return grid;
}

at::ScalarType target_of(OnnxReader& r, const OnnxNode& node) {
  if (!r.has(node, 2)) return at::kByte;
  const at::ScalarType dtype = r.constant(node, 2).value_or(at::Tensor()).scalar_type();
  if (dtype != at::kByte && dtype != at::kChar)
    r.refuse(node, "integers of this type", "int8 or uint8");
  return dtype;
}

// [C] so that it broadcasts along `axis` of `rank` dimensions; a single number stays one.
at::Tensor along(const at::Tensor& vector, int64_t axis, int64_t rank) {
  if (vector.numel() == 1) return vector.reshape({});
  std::vector<int64_t> sizes(static_cast<size_t>(rank), 1);
  sizes[static_cast<size_t>(axis)] = vector.numel();
  return vector.reshape(sizes);
}

void check_axis(OnnxReader& r, const OnnxNode& node, Grid& grid, at::IntArrayRef sizes) {
  if (grid.scale.numel() == 1) return;
  grid.axis = front_dim(r, node, grid.axis, sizes.size());
  if (sizes[static_cast<size_t>(grid.axis)] != grid.scale.numel()) {
    r.refuse(node,
             fmt::format("{} scales along a size of {}", grid.scale.numel(),
                         sizes[static_cast<size_t>(grid.axis)]),
             "one a channel");
  }
}

void read_quantize(OnnxReader& r, const OnnxNode& node) {
  Grid grid = grid_of(r, node);
  const at::ScalarType dtype = target_of(r, node);
  const int64_t low = dtype == at::kChar ? -128 : 0, high = dtype == at::kChar ? 127 : 255;
  if (const auto weight = r.constant(node, 0)) {
    check_axis(r, node, grid, weight->sizes());
    const at::Tensor rounded = at::round(weight->div(along(grid.scale, grid.axis, weight->dim())));
    const at::Tensor moved = rounded.add(along(grid.zero_point, grid.axis, weight->dim()));
    return r.give_constant(node, at::clamp(moved, low, high).to(dtype));
  }
  if (grid.scale.numel() != 1) r.refuse(node, "a scale a channel of an activation", "one number");
  OnnxValue value;
  value.rounded = Rounded{r.tensor(node, 0), static_cast<double>(grid.scale.item<float>()),
                          grid.zero_point.item<int64_t>(), dtype};
  r.give_value(node, value);
}

// The integers as floats on their grid, computed in the graph.
void give_floats(OnnxReader& r, const OnnxNode& node, ValueId integers, Grid& grid) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : r.value(integers).shape) sizes.push_back(dim.size);
  check_axis(r, node, grid, sizes);
  const auto rank = static_cast<int64_t>(sizes.size());
  ValueId x = r.call("aten::to.dtype", {self(integers), {"dtype", at::kFloat}});
  const std::string name = node.inputs[1];
  if (grid.zero_point.ne(0).any().item<bool>()) {
    const at::Tensor zero = along(grid.zero_point, grid.axis, rank).to(at::kFloat);
    const ValueId moved = r.add_named_buffer(name + "_zero_point", zero);
    x = r.call("aten::sub.Tensor", {self(x), reference("other", moved)});
  }
  const ValueId scale = r.add_named_buffer(name, along(grid.scale, grid.axis, rank));
  r.give(node, r.call("aten::mul.Tensor", {self(x), reference("other", scale)}));
}

void read_dequantize(OnnxReader& r, const OnnxNode& node) {
  Grid grid = grid_of(r, node);
  const OnnxValue* value = r.look(node, 0);
  if (value != nullptr && value->rounded) {
    const Rounded& q = *value->rounded;
    const bool same = grid.scale.numel() == 1 && q.zero_point == grid.zero_point.item<int64_t>() &&
                      q.scale == static_cast<double>(grid.scale.item<float>());
    if (same) {
      const bool is_signed = q.dtype == at::kChar;
      r.give(node, r.call("aten::fake_quantize_per_tensor_affine",
                          {self(q.x),
                           {"scale", q.scale},
                           {"zero_point", q.zero_point},
                           {"quant_min", int64_t{is_signed ? -128 : 0}},
                           {"quant_max", int64_t{is_signed ? 127 : 255}}}));
      return;
    }
  }
  const auto constant = r.constant(node, 0);
  if (constant && constant->scalar_type() == at::kInt) {  // a bias
    check_axis(r, node, grid, constant->sizes());
    const at::Tensor moved =
        constant->to(at::kLong).sub(along(grid.zero_point, grid.axis, constant->dim()));
    return r.give_constant(node,
                           moved.to(at::kFloat).mul(along(grid.scale, grid.axis, constant->dim())));
  }
  give_floats(r, node, constant ? r.buffer(node, 0) : r.tensor(node, 0), grid);
}

constexpr ReaderRow kRows[] = {{"QuantizeLinear", read_quantize},
                               {"DequantizeLinear", read_dequantize}};

}  // namespace

std::span<const ReaderRow> onnx_quantized_readers() { return kRows; }

}  // namespace maas
