#include "run/lower/packed_convolution.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <c10/util/Exception.h>
#include <torch/library.h>

#include <algorithm>

#include "program/program.h"
#include "run/lower/normed_rows.h"
#include "run/lower/packed_product.h"
#include "run/lower/product_tiles.h"

namespace maas {
namespace {

using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

constexpr auto kLast = at::MemoryFormat::ChannelsLast;
constexpr int64_t kFewChannels = 16;  // whose taps beside each other are better read as one

// The input's places, of which a row of the product takes one or more.
struct Places {
  const float* x = nullptr;  // [B, height, width, channels]
  int64_t channels = 0, height = 0, width = 0;
  int64_t out_height = 0, out_width = 0;
  WindowSizes window;
  const float* zeros = nullptr;  // what lies beyond the border
  bool whole_rows = false;       // a tap for each row of the kernel; nothing is beyond the border

  void of(int64_t first, int64_t count, const float** to) const {
    const int64_t area = out_height * out_width;
    int64_t image = first / area, row = first % area / out_width, column = first % out_width;
    for (int64_t i = 0; i < count; ++i) {
      taps_of(image, row, column, count, to + i);
      if (++column < out_width) continue;  // divisions take longer than all the rest
      column = 0;
      if (++row < out_height) continue;
      row = 0;
      ++image;
    }
  }

  void taps_of(int64_t image, int64_t row, int64_t column, int64_t next, const float** tap) const {
    const int64_t taps_wide = whole_rows ? 1 : window.kernel[1];
    const int64_t top = row * window.stride[0] - window.padding[0];
    const int64_t left = column * window.stride[1] - window.padding[1];
    const float* from = x + image * height * width * channels;
    for (int64_t a = 0; a < window.kernel[0]; ++a) {
      const int64_t y = top + a * window.dilation[0];
      for (int64_t b = 0; b < taps_wide; ++b, tap += next) {
        const int64_t z = left + b * window.dilation[1];
        const bool inside = y >= 0 && y < height && z >= 0 && z < width;
        *tap = inside ? from + (y * width + z) * channels : zeros;
      }
    }
  }
};

void expect(bool fits, const char* what, const Tensor& tensor) {
  TORCH_CHECK(fits, kPackedConvolution, ": ", what, " is ", type_text(tensor));
}

Tensor packed_convolution(const Tensor& x, const Tensor& weight, const OptionalTensor& bias,
                          const OptionalTensor& given_other, at::IntArrayRef kernel,
                          at::IntArrayRef stride, at::IntArrayRef padding, at::IntArrayRef dilation,
                          int64_t columns, std::string_view activation,
                          const OptionalTensor& x_norm, std::string_view x_activation) {
  WindowSizes window{pair_of(kernel), pair_of(stride), pair_of(padding), pair_of(dilation)};
  expect(x.scalar_type() == at::kFloat && x.dim() == 4, "x", x);
  Tensor out = at::empty(sizes_of_result(x, window, columns), x.options().memory_format(kLast));
  const Tensor other = given_other ? given_other->contiguous(kLast) : Tensor();
  if (other.defined()) {
    expect(other.scalar_type() == at::kFloat && other.sizes() == out.sizes(), "other", other);
  }
  Tensor from = x.contiguous(kLast);
  const bool whole_rows = x.size(1) < kFewChannels && dilation[1] == 1;
  if (whole_rows && std::max(padding[0], padding[1]) > 0) {
    from = at::constant_pad_nd(from, {padding[1], padding[1], padding[0], padding[0]})
               .contiguous(kLast);
    window.padding = {0, 0};
  }
  const std::vector<float> zeros(static_cast<size_t>(x.size(1)));
  const Places places{.x = from.const_data_ptr<float>(),
                      .channels = x.size(1),
                      .height = from.size(2),
                      .width = from.size(3),
                      .out_height = out.size(2),
                      .out_width = out.size(3),
                      .window = window,
                      .zeros = zeros.data(),
                      .whole_rows = whole_rows};
  const ProductTiles product{.rows = out.size(0) * out.size(2) * out.size(3),
                             .taps = whole_rows ? kernel[0] : kernel[0] * kernel[1],
                             .width = whole_rows ? kernel[1] * x.size(1) : x.size(1),
                             .columns = columns,
                             .weight = weight,
                             .bias = bias.value_or(Tensor()),
                             .other = span_of(other),
                             .out = out.mutable_data_ptr<float>(),
                             .activation = activation_named(activation)};
  if (!x_norm) {
    run_product_tiles(product, [&places](int64_t row, int64_t count, const float** to) {
      places.of(row, count, to);
    });
    return out;
  }
  const auto limits = limits_of(activation_named(x_activation));
  expect(x_norm->scalar_type() == at::kFloat && x_norm->is_contiguous() &&
             x_norm->sizes() == at::IntArrayRef({3, x.size(1)}) && product.taps == 1 &&
             product.width == x.size(1) && window.padding == WindowSizes::Pair{0, 0} && limits,
         "x_norm", *x_norm);
  const NormedRows norm{x_norm->const_data_ptr<float>(), x.size(1), *limits};
  run_product_tiles(product, [&](int64_t row, int64_t count, const float** to) {
    thread_local std::vector<float> numbers;  // of a tile, which one thread makes and multiplies
    numbers.resize(std::max(numbers.size(), static_cast<size_t>(count * norm.channels)));
    places.of(row, count, to);
    norm_rows(norm, to, count, numbers.data());
    for (int64_t i = 0; i < count; ++i) to[i] = numbers.data() + i * norm.channels;
  });
  return out;
}

}  // namespace

void register_packed_convolution() {
  static torch::Library library = [] {
    torch::Library made(torch::Library::FRAGMENT, "maas", std::nullopt, __FILE__, __LINE__);
    made.def(
        "packed_convolution(Tensor x, Tensor weight, Tensor? bias, Tensor? other, int[] kernel, "
        "int[] stride, int[] padding, int[] dilation, int columns, str activation, "
        "Tensor? x_norm, str x_activation) -> Tensor",
        TORCH_FN(packed_convolution));
    return made;
  }();
}

Tensor pack_convolution_columns(const Tensor& weight) {
  return pack_columns(weight.permute({0, 2, 3, 1}).flatten(1));
}

WindowSizes::Pair pair_of(at::IntArrayRef numbers) {
  TORCH_CHECK(numbers.size() == 2, "a window of ", numbers,
              ", expected numbers for height and width");
  return {numbers[0], numbers[1]};
}

std::vector<int64_t> sizes_of_result(const Tensor& x, const WindowSizes& window, int64_t channels) {
  std::vector<int64_t> sizes = {x.size(0), channels, 0, 0};
  const auto check = [](const char* what, const WindowSizes::Pair& pair, int64_t least) {
    TORCH_CHECK(std::min(pair[0], pair[1]) >= least, what, " is ", pair[0], " x ", pair[1],
                ", expected numbers from ", least, " on");
  };
  check("kernel", window.kernel, 1);
  check("stride", window.stride, 1);
  check("dilation", window.dilation, 1);
  check("padding", window.padding, 0);
  for (size_t d = 0; d < 2; ++d) {
    const int64_t covered = window.dilation[d] * (window.kernel[d] - 1) + 1;
    const int64_t room = x.size(2 + static_cast<int64_t>(d)) + 2 * window.padding[d] - covered;
    TORCH_CHECK(room >= 0 && channels > 0, "no place for a kernel that covers ", covered, " of ",
                type_text(x));
    sizes[2 + d] = room / window.stride[d] + 1;
  }
  return sizes;
}

}  // namespace maas
