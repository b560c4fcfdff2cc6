// Reading: matrix products, as layers where they are such.
#include <fmt/format.h>

#include "export/onnx/reader.h"
#include "program/arguments.h"

namespace maas {
namespace {

ValueId swapped(OnnxReader& r, ValueId x) {
  return r.call("aten::permute", {self(x), {"dims", int_list({1, 0})}});
}

// The weight [O, I] of a layer that multiplies by input `index`, [I, O]: transposed before, or
// a constant that nobody else reads, transposed now and for good.
ValueId layer_weight(OnnxReader& r, const OnnxNode& node, size_t index) {
  const OnnxValue* value = r.look(node, index);
  if (value == nullptr) return kNoValue;
  if (!value->transposed.empty()) {
    OnnxNode source;
    source.inputs = {value->transposed};
    return r.tensor(source, 0);
  }
  const at::Tensor& weight = value->constant;
  const bool is_weight = weight.defined() && weight.dim() == 2 && value->id == kNoValue &&
                         at::isFloatingType(weight.scalar_type());
  if (!is_weight || !r.is_read_once(node.inputs[index])) return kNoValue;
  return r.add_parameter(node.inputs[index], weight.t().contiguous());
}

void read_matmul(OnnxReader& r, const OnnxNode& node) {
  const ValueId x = r.tensor(node, 0);
  const ValueId weight = layer_weight(r, node, 1);
  if (weight == kNoValue) {
    r.give(node, r.call("aten::matmul", {self(x), reference("other", r.tensor(node, 1))}));
    return;
  }
  OnnxValue value;
  value.product = Product{x, weight};
  const OnnxNode* reader = node.outputs.empty() ? nullptr : r.only_reader(node.outputs[0]);
  if (reader == nullptr || reader->op != "Add") {
    value.id = r.call("aten::linear", {reference("input", x), reference("weight", weight)});
    value.product.reset();
  }
  r.give_value(node, value);
}

bool is_vector(OnnxReader& r, ValueId bias, ValueId weight) {
  const Value& b = r.value(bias);
  return b.shape.size() == 1 && b.shape[0] == r.value(weight).shape[0];
}

void read_gemm(OnnxReader& r, const OnnxNode& node) {
  const double alpha = r.real(node, "alpha", 1), beta = r.real(node, "beta", 1);
  ValueId a = r.tensor(node, 0);
  if (r.integer(node, "transA", 0) != 0) a = swapped(r, a);
  const bool transposed = r.integer(node, "transB", 0) != 0;
  const bool has_bias = r.has(node, 2);
  if (alpha == 1 && beta == 1) {
    const ValueId weight = transposed ? r.tensor(node, 1) : layer_weight(r, node, 1);
    const bool fits = weight != kNoValue && rank_of(r, weight) == 2 &&
                      (!has_bias || is_vector(r, r.tensor(node, 2), weight));
    if (fits) {
      r.give(node, r.call("aten::linear", {reference("input", a),
                                           reference("weight", weight),
                                           {"bias", r.tensor_or_none(node, 2)}}));
      return;
    }
  }
  ValueId b = r.tensor(node, 1);
  if (transposed) b = swapped(r, b);
  if (has_bias) {
    r.give(node, r.call("aten::addmm", {self(r.tensor(node, 2)),
                                        reference("mat1", a),
                                        reference("mat2", b),
                                        {"beta", beta},
                                        {"alpha", alpha}}));
    return;
  }
  const ValueId product = r.call("aten::mm", {self(a), reference("mat2", b)});
  r.give(node,
         alpha == 1 ? product : r.call("aten::mul.Scalar", {self(product), {"other", alpha}}));
}

void read_einsum(OnnxReader& r, const OnnxNode& node) {
  ValueList tensors;
  for (size_t i = 0; i < node.inputs.size(); ++i) tensors.ids.push_back(r.tensor(node, i));
  r.give(node, r.call("aten::einsum",
                      {{"equation", r.text(node, "equation", "")}, {"tensors", tensors}}));
}

constexpr ReaderRow kRows[] = {
    {"MatMul", read_matmul}, {"Gemm", read_gemm}, {"Einsum", read_einsum}};

}  // namespace

std::span<const ReaderRow> onnx_product_readers() { return kRows; }

}  // namespace maas
