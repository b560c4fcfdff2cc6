// Rows: the stored form of int8 networks as QuantizeLinear and DequantizeLinear, which runtimes
// fuse with the layers that read them.
#include <ATen/ops/scalar_tensor.h>
#include <ATen/ops/zeros.h>

#include "export/onnx/writer.h"
#include "program/arguments.h"
#include "program/quantized_form.h"

namespace maas {
namespace {

struct Range {
  int64_t low, high;
  at::ScalarType dtype;
};
constexpr Range kRanges[] = {{0, 255, at::kByte}, {-128, 127, at::kChar}};

// x rounded to a grid: to integers and back.
bool write_fake_quantize(OnnxWriter& w, const Node& node) {
  if (!node.overload.empty()) return false;  // scale and zero point as tensors
  const int64_t low = integer_of(node, "quant_min", 1), high = integer_of(node, "quant_max", 0);
  for (const Range& range : kRanges) {
    if (range.low != low || range.high != high) continue;
    const std::string scale = w.scalar(number_of(node, "scale", 1), at::kFloat);
    const std::string zero =
        w.constant(at::scalar_tensor(integer_of(node, "zero_point", 0), range.dtype));
    const std::string q = w.emit("QuantizeLinear", {w.operand(node, "self"), scale, zero});
    return w.give(node, w.emit("DequantizeLinear", {q, scale, zero}));
  }
  return false;
}

constexpr OperatorRow kRows[] = {
    {"aten::fake_quantize_per_tensor_affine", write_fake_quantize, nullptr},
};

}  // namespace

// The zero point is written out: runtimes look for it when they fuse.
bool write_quantized_weight(OnnxWriter& w, const Node& node) {
  const auto weight = quantized_weight(w.program(), node.outputs.at(0).ids.at(0));
  if (!weight) return false;
  const at::Tensor scale = weight->scale.reshape({-1});
  const std::string scales = w.reformed(weight->scale_id, scale);
  const std::string zeros = w.constant(at::zeros(scale.sizes(), at::kChar));
  return w.give(node, w.emit("DequantizeLinear", {w.name_of(weight->values_id), scales, zeros},
                             {axis_attribute(0)}));
}

std::span<const OperatorRow> onnx_quantized_rows() { return kRows; }

}  // namespace maas
