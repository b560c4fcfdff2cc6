#include "run/lower/depthwise_convolution.h"

#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <algorithm>

#include "program/program.h"
#include "run/lower/depthwise_rows.h"
#include "run/lower/packed_convolution.h"
#include "run/lower/product_tiles.h"

namespace maas {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

constexpr auto kLast = at::MemoryFormat::ChannelsLast;
constexpr int64_t kGrain = 1 << 17;  // multiplications that are worth another thread

void expect(bool fits, const char* what, const Tensor& tensor) {
  TORCH_CHECK(fits, kDepthwiseConvolution, ": ", what, " is ", type_text(tensor));
}

Tensor depthwise_convolution(const Tensor& given_x, const Tensor& weight,
                             const OptionalTensor& given_bias, const OptionalTensor& given_other,
                             at::IntArrayRef stride, at::IntArrayRef padding,
                             at::IntArrayRef dilation, std::string_view activation) {
  expect(given_x.scalar_type() == at::kFloat && given_x.dim() == 4 &&
             given_x.size(1) >= kFewestDepthwise,
         "x", given_x);
  const int64_t channels = given_x.size(1);
  expect(weight.scalar_type() == at::kFloat && weight.is_contiguous() && weight.dim() == 3 &&
             weight.size(2) == channels,
         "weight", weight);
  const WindowSizes window{
      {weight.size(0), weight.size(1)}, pair_of(stride), pair_of(padding), pair_of(dilation)};
  const std::vector<int64_t> sizes = sizes_of_result(given_x, window, channels);
  Tensor out = at::empty(sizes, given_x.options().memory_format(kLast));
  const Tensor x = given_x.contiguous(kLast),
               bias = given_bias ? given_bias->contiguous() : Tensor(),
               other = given_other ? given_other->contiguous(kLast) : Tensor();
  if (bias.defined()) {
    expect(bias.scalar_type() == at::kFloat && bias.sizes() == at::IntArrayRef({channels}), "bias",
           bias);
  }
  if (other.defined()) {
    expect(other.scalar_type() == at::kFloat && other.sizes() == out.sizes(), "other", other);
  }
  const DepthwiseRows rows{.x = x.const_data_ptr<float>(),
                           .channels = channels,
                           .height = x.size(2),
                           .width = x.size(3),
                           .out_height = out.size(2),
                           .out_width = out.size(3),
                           .window = window,
                           .weight = weight.const_data_ptr<float>(),
                           .bias = span_of(bias),
                           .other = span_of(other),
                           .out = out.mutable_data_ptr<float>(),
                           .activation = activation_named(activation)};
  const int64_t work = channels * rows.out_width * weight.size(0) * weight.size(1);
  at::parallel_for(0, sizes[0] * sizes[2],
                   std::max<int64_t>(1, kGrain / std::max<int64_t>(1, work)),
                   [&](int64_t begin, int64_t end) { run_depthwise_rows(rows, begin, end); });
  return out;
}

}  // namespace

void register_depthwise_convolution() {
  static torch::Library library = [] {
    torch::Library made(torch::Library::FRAGMENT, "maas", std::nullopt, __FILE__, __LINE__);
    made.def(
        "depthwise_convolution(Tensor x, Tensor weight, Tensor? bias, Tensor? other, "
        "int[] stride, int[] padding, int[] dilation, str activation) -> Tensor",
        TORCH_FN(depthwise_convolution));
    return made;
  }();
}

Tensor pack_depthwise(const Tensor& weight) {
  return weight.squeeze(1).permute({1, 2, 0}).contiguous();
}

}  // namespace maas
