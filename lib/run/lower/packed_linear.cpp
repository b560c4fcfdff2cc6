#include "run/lower/packed_linear.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <string_view>

#include "program/arguments.h"
#include "program/emit.h"
#include "run/lower/activation.h"
#include "run/lower/product_tiles.h"

namespace maas {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

void expect(bool fits, const char* what, const Tensor& tensor) {
  TORCH_CHECK(fits, kPackedLinear, ": ", what, " is ", type_text(tensor));
}

// [rows, in] whose rows' numbers lie side by side.
Tensor rows_of(const Tensor& x) {
  const Tensor rows = x.dim() == 2 ? x : x.reshape({-1, x.size(-1)});
  return rows.stride(1) == 1 || rows.size(1) == 1 ? rows : rows.contiguous();
}

Tensor packed_linear(const Tensor& x, const Tensor& weight, const OptionalTensor& scale,
                     const OptionalTensor& bias, const OptionalTensor& given_other, int64_t columns,
                     std::string_view activation) {
  expect(x.scalar_type() == at::kFloat && x.dim() > 0, "x", x);
  TORCH_CHECK(columns > 0, kPackedLinear, ": ", columns, " columns");
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = columns;
  Tensor out = at::empty(sizes, x.options());
  const Tensor rows = rows_of(x);
  const Tensor other = given_other ? given_other->contiguous() : Tensor();
  if (other.defined()) {
    expect(other.scalar_type() == at::kFloat && other.sizes() == out.sizes(), "other", other);
  }
  const ProductTiles product{.rows = rows.size(0),
                             .width = rows.size(1),
                             .columns = columns,
                             .weight = weight,
                             .scale = scale.value_or(Tensor()),
                             .bias = bias.value_or(Tensor()),
                             .other = span_of(other),
                             .out = out.mutable_data_ptr<float>(),
                             .activation = activation_named(activation)};
  const float* first = rows.const_data_ptr<float>();
  const int64_t stride = rows.stride(0);
  run_product_tiles(product, [=](int64_t row, int64_t count, const float** to) {
    for (int64_t i = 0; i < count; ++i) to[i] = first + (row + i) * stride;
  });
  return out;
}

}  // namespace

void register_packed_linear() {
  static torch::Library library = [] {
    torch::Library made(torch::Library::FRAGMENT, "maas", std::nullopt, __FILE__, __LINE__);
    made.def(
        "packed_linear(Tensor x, Tensor weight, Tensor? scale, Tensor? bias, Tensor? other, "
        "int columns, str activation) -> Tensor",
        TORCH_FN(packed_linear));
    return made;
  }();
}

bool has_own_bias(const Program& program, const Node& linear, int64_t columns) {
  const ValueId bias = operand_of(linear, "bias");
  if (bias == kNoValue) return argument_of(linear, "bias", None{}) == Argument(None{});
  const Value& value = program.value(bias);
  return value.shape == std::vector<Dim>{columns} && value.dtype == at::kFloat;
}

Node packed_linear_node(const Node& linear, const PackedWeight& packed, int64_t columns) {
  register_packed_linear();
  const Argument scale = packed.scale == kNoValue ? Argument(None{}) : ValueRef{packed.scale};
  return make_node(kPackedLinear, {{"x", ValueRef{operand_of(linear, "input")}},
                                   {"weight", ValueRef{packed.weight}},
                                   {"scale", scale},
                                   {"bias", argument_of(linear, "bias", None{})},
                                   {"other", None{}},
                                   {"columns", columns},
                                   {"activation", std::string("none")}});
}

}  // namespace maas
