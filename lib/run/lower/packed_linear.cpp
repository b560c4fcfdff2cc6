#include "run/lower/packed_linear.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "program/arguments.h"
#include "program/emit.h"
#include "run/lower/linear_tile.h"

namespace maas {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

constexpr int64_t kGrain = 1 << 18;        // multiplications that are worth another thread
constexpr int64_t kTileBytes = 384 << 10;  // of x, which stays near while columns go by

TileActivation activation_named(std::string_view name) {
  static const std::map<std::string_view, TileActivation> names = {
      {"none", TileActivation::kNone},       {"relu", TileActivation::kRelu},
      {"sigmoid", TileActivation::kSigmoid}, {"tanh", TileActivation::kTanh},
      {"silu", TileActivation::kSilu},       {"gelu", TileActivation::kGelu}};
  const auto found = names.find(name);
  TORCH_CHECK(found != names.end(), kPackedLinear, ": no activation '", name, "'");
  return found->second;
}

void expect(bool fits, const char* what, const Tensor& tensor) {
  TORCH_CHECK(fits, kPackedLinear, ": ", what, " is ", type_text(tensor));
}

// Contiguous, or undefined as given.
Tensor column_span(const OptionalTensor& given, int64_t columns, const char* what) {
  if (!given) return {};
  expect(given->scalar_type() == at::kFloat && given->sizes() == at::IntArrayRef({columns}), what,
         *given);
  return given->contiguous();
}

const float* span_of(const Tensor& tensor) {
  return tensor.defined() ? tensor.const_data_ptr<float>() : nullptr;
}

// [rows, in] whose rows' numbers lie side by side.
Tensor rows_of(const Tensor& x) {
  const Tensor rows = x.dim() == 2 ? x : x.reshape({-1, x.size(-1)});
  return rows.stride(1) == 1 || rows.size(1) == 1 ? rows : rows.contiguous();
}

void check_weight(const Tensor& weight, int64_t in, int64_t columns) {
  const bool is_number = weight.scalar_type() == at::kFloat || weight.scalar_type() == at::kChar;
  expect(is_number && weight.is_contiguous() && columns > 0 &&
             weight.sizes() == at::IntArrayRef({packed_blocks(columns), in, kWeightBlock}),
         "weight", weight);
}

Tensor packed_linear(const Tensor& x, const Tensor& weight, const OptionalTensor& scale,
                     const OptionalTensor& bias, const OptionalTensor& given_other, int64_t columns,
                     std::string_view activation) {
  expect(x.scalar_type() == at::kFloat && x.dim() > 0, "x", x);
  check_weight(weight, x.size(-1), columns);
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = columns;
  Tensor out = at::empty(sizes, x.options());
  if (out.numel() == 0) return out;
  const Tensor rows = rows_of(x);
  const Tensor other = given_other ? given_other->contiguous() : Tensor();
  if (other.defined()) {
    expect(other.scalar_type() == at::kFloat && other.sizes() == out.sizes(), "other", other);
  }
  const bool is_int8 = weight.scalar_type() == at::kChar;
  const float* from = rows.const_data_ptr<float>();
  const float* numbers = is_int8 ? nullptr : weight.const_data_ptr<float>();
  const int8_t* integers = is_int8 ? weight.const_data_ptr<int8_t>() : nullptr;
  const Tensor column_scale = column_span(scale, columns, "scale"),
               column_bias = column_span(bias, columns, "bias");
  const float *scales = span_of(column_scale), *biases = span_of(column_bias),
              *others = span_of(other);
  auto* to = out.mutable_data_ptr<float>();
  LinearTile whole;
  whole.width = rows.size(1);
  whole.x_row = rows.stride(0);
  whole.out_row = columns;
  whole.activation = activation_named(activation);
  const int64_t row_count = rows.size(0), blocks = packed_blocks(columns);
  const int64_t fitting = kTileBytes / (4 * std::max<int64_t>(1, whole.width)) / 4 * 4;
  const int64_t height = std::clamp<int64_t>(fitting, 8, kTileRows);
  const int64_t tiles = (row_count + height - 1) / height * blocks;
  const int64_t tile_work = std::min(height, row_count) * kWeightBlock * whole.width;
  at::parallel_for(0, tiles, std::max<int64_t>(1, kGrain / std::max<int64_t>(1, tile_work)),
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i) {
                       const int64_t row = i / blocks * height, column = i % blocks * kWeightBlock;
                       const int64_t place = row * columns + column;
                       LinearTile tile = whole;
                       tile.x = from + row * whole.x_row;
                       tile.rows = std::min(height, row_count - row);
                       tile.columns = std::min(kWeightBlock, columns - column);
                       if (is_int8) {
                         tile.int8_weight = integers + column * whole.width;
                       } else {
                         tile.weight = numbers + column * whole.width;
                       }
                       tile.scale = scales == nullptr ? nullptr : scales + column;
                       tile.bias = biases == nullptr ? nullptr : biases + column;
                       tile.other = others == nullptr ? nullptr : others + place;
                       tile.out = to + place;
                       run_linear_tile(tile);
                     }
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

std::optional<std::string> activation_name(const Node& node) {
  static const std::map<std::string, std::string> names = {{"aten::relu", "relu"},
                                                           {"aten::sigmoid", "sigmoid"},
                                                           {"aten::tanh", "tanh"},
                                                           {"aten::silu", "silu"}};
  if (const auto found = names.find(node.full_name()); found != names.end()) return found->second;
  const bool is_exact_gelu =
      node.full_name() == "aten::gelu" &&
      argument_of(node, "approximate", std::string("none")) == Argument(std::string("none"));
  return is_exact_gelu ? std::optional<std::string>("gelu") : std::nullopt;
}

}  // namespace maas
