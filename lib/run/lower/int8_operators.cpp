#include "run/lower/int8_operators.h"

#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/_int_mm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <torch/library.h>

#include <algorithm>
#include <array>

#include "program/quantized_form.h"
#include "run/lower/integer_spans.h"

namespace maas {
namespace {

using at::IntArrayRef;
using at::Tensor;
using OptionalTensor = std::optional<Tensor>;

constexpr int64_t kGrain = 32768;  // elements that are worth another thread
constexpr auto kChannelsLast = at::MemoryFormat::ChannelsLast;

// Calls work(begin, end) for parts of 0..rows, each of `width` elements.
template <class Work>
void for_rows(int64_t rows, int64_t width, const Work& work) {
  const int64_t grain = std::max<int64_t>(1, kGrain / std::max<int64_t>(1, width));
  if (rows <= grain) {
    work(0, rows);
  } else {
    at::parallel_for(0, rows, grain, work);
  }
}

Tensor dense(const Tensor& x) { return x.is_non_overlapping_and_dense() ? x : x.contiguous(); }

// From planes of one channel each to pixels of all channels.
void quantize_planes(const Tensor& x, uint8_t* to, const AffineGrid& grid) {
  constexpr int64_t kBlock = 512;
  const int64_t channels = x.size(1), pixels = x.size(2) * x.size(3);
  const int64_t blocks = (pixels + kBlock - 1) / kBlock;
  const float* from = x.const_data_ptr<float>();
  for_rows(x.size(0) * blocks, channels * kBlock, [&](int64_t begin, int64_t end) {
    std::array<uint8_t, kBlock> plane;
    for (int64_t i = begin; i < end; ++i) {
      const int64_t image = i / blocks, first = i % blocks * kBlock;
      const int64_t count = std::min(kBlock, pixels - first);
      for (int64_t c = 0; c < channels; ++c) {
        quantize_span(from + (image * channels + c) * pixels + first, plane.data(), count, grid);
        uint8_t* out = to + (image * pixels + first) * channels + c;
        for (int64_t p = 0; p < count; ++p) out[p * channels] = plane[static_cast<size_t>(p)];
      }
    }
  });
}

Tensor quantize(const Tensor& x, double scale, int64_t zero_point, bool channels_last) {
  const AffineGrid grid{scale, zero_point};
  const auto options = x.options().dtype(at::kByte);
  const bool turns = channels_last && !x.is_contiguous(kChannelsLast);
  if (turns && x.size(1) > 1) {
    Tensor turned = at::empty(x.sizes(), options, kChannelsLast);
    quantize_planes(x.contiguous(), turned.mutable_data_ptr<uint8_t>(), grid);
    return turned;
  }
  const Tensor source = turns ? x.contiguous() : dense(x);
  Tensor out = channels_last ? at::empty(x.sizes(), options, kChannelsLast)
                             : at::empty_like(source, options);
  const float* from = source.const_data_ptr<float>();
  auto* to = out.mutable_data_ptr<uint8_t>();
  for_rows(x.numel(), 1, [&](int64_t begin, int64_t end) {
    quantize_span(from + begin, to + begin, end - begin, grid);
  });
  return out;
}

Tensor dequantize(const Tensor& q, double scale, int64_t zero_point) {
  const Tensor source = dense(q);
  Tensor out = at::empty_like(source, source.options().dtype(at::kFloat));
  const auto* from = source.const_data_ptr<uint8_t>();
  auto* to = out.mutable_data_ptr<float>();
  for_rows(q.numel(), 1, [&](int64_t begin, int64_t end) {
    dequantize_span(from + begin, to + begin, end - begin, {scale, zero_point});
  });
  return out;
}

Tensor fake_quantize(const Tensor& x, double scale, int64_t zero_point) {
  const Tensor source = dense(x);
  Tensor out = at::empty_like(source);
  const auto* from = source.const_data_ptr<float>();
  auto* to = out.mutable_data_ptr<float>();
  for_rows(x.numel(), 1, [&](int64_t begin, int64_t end) {
    fake_quantize_span(from + begin, to + begin, end - begin, {scale, zero_point});
  });
  return out;
}

PoolAxis pool_axis(const Tensor& q, size_t i, std::array<IntArrayRef, 4> windows, bool ceil_mode) {
  const auto of = [i](IntArrayRef list) { return list.size() == 1 ? list[0] : list[i]; };
  PoolAxis axis{q.size(static_cast<int64_t>(i) + 2),
                of(windows[0]),
                of(windows[1]),
                of(windows[2]),
                of(windows[3]),
                0};
  const int64_t span = axis.in + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1;
  axis.out = (span + (ceil_mode ? axis.stride - 1 : 0)) / axis.stride + 1;
  // The last window starts inside the image or its first padding.
  if (ceil_mode && (axis.out - 1) * axis.stride >= axis.in + axis.padding) --axis.out;
  return axis;
}

// One row of results, [axes[1].out, channels]; `line` is as long as a row of the image.
void pool_row(const uint8_t* image, uint8_t* to, int64_t row, const std::array<PoolAxis, 2>& axes,
              std::vector<uint8_t>& line) {
  const PoolAxis& down = axes[0];
  const auto length = static_cast<int64_t>(line.size());
  std::fill(line.begin(), line.end(), uint8_t{0});
  for (int64_t i = 0; i < down.kernel; ++i) {
    const int64_t y = row * down.stride - down.padding + i * down.dilation;
    if (y >= 0 && y < down.in) take_largest(image + y * length, line.data(), length);
  }
  pool_line(line.data(), to, axes[1], length / axes[1].in);
}

Tensor max_pool2d(const Tensor& q, IntArrayRef kernel, IntArrayRef stride, IntArrayRef padding,
                  IntArrayRef dilation, bool ceil_mode) {
  const std::array<IntArrayRef, 4> windows = {kernel, stride.empty() ? kernel : stride, padding,
                                              dilation};
  const std::array<PoolAxis, 2> axes = {pool_axis(q, 0, windows, ceil_mode),
                                        pool_axis(q, 1, windows, ceil_mode)};
  const int64_t channels = q.size(1), rows = axes[0].out, columns = axes[1].out;
  const Tensor source = q.contiguous(kChannelsLast);
  Tensor out = at::empty({q.size(0), channels, rows, columns}, q.options(), kChannelsLast);
  const auto* from = source.const_data_ptr<uint8_t>();
  auto* to = out.mutable_data_ptr<uint8_t>();
  const int64_t image = q.size(2) * q.size(3) * channels;
  for_rows(q.size(0) * rows, columns * channels * 4, [&](int64_t begin, int64_t end) {
    std::vector<uint8_t> line(static_cast<size_t>(q.size(3) * channels));
    for (int64_t i = begin; i < end; ++i) {
      pool_row(from + i / rows * image, to + i * columns * channels, i % rows, axes, line);
    }
  });
  return out;
}

// [.., K] -> [rows, K] int32 sums [rows, O]; undefined where there are no rows.
Tensor product(const Tensor& q, const Tensor& weight) {
  const int64_t width = weight.size(0), rows = q.numel() / width;
  if (rows == 0) return {};
  return at::_int_mm(q.contiguous().view({rows, width}), weight);
}

std::vector<int64_t> result_sizes(const Tensor& x, const Tensor& weight) {
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.back() = weight.size(1);
  return sizes;
}

ProductScale scales(const Tensor& scale, const OptionalTensor& bias, double low, double high) {
  ProductScale by;
  by.scale = scale.const_data_ptr<float>();
  if (bias && bias->defined()) by.bias = bias->const_data_ptr<float>();
  by.low = static_cast<float>(low);
  by.high = static_cast<float>(high);
  return by;
}

Tensor quantized_linear(const Tensor& q, const Tensor& weight, const Tensor& correction,
                        const Tensor& scale, const OptionalTensor& bias, double low, double high,
                        double out_scale, int64_t out_zero_point, bool quantized) {
  Tensor out =
      at::empty(result_sizes(q, weight), q.options().dtype(quantized ? at::kByte : at::kFloat));
  const Tensor sums = product(q, weight);
  if (!sums.defined()) return out;
  ProductScale by = scales(scale, bias, low, high);
  by.correction = correction.const_data_ptr<int32_t>();
  const int64_t width = sums.size(1);
  const auto* from = sums.const_data_ptr<int32_t>();
  const AffineGrid grid{out_scale, out_zero_point};
  void* to = out.mutable_data_ptr();
  for_rows(sums.size(0), width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin * width; i < end * width; i += width) {
      if (quantized) {
        scale_and_quantize_row(from + i, static_cast<uint8_t*>(to) + i, width, by, grid);
      } else {
        scale_row(from + i, static_cast<float*>(to) + i, width, by);
      }
    }
  });
  return out;
}

Tensor token_quantized_linear(const Tensor& x, const Tensor& weight, const Tensor& scale,
                              const OptionalTensor& bias, double low, double high) {
  Tensor out = at::empty(result_sizes(x, weight), x.options());
  const Tensor source = x.contiguous();
  const int64_t width = weight.size(0), rows = x.numel() / width, outputs = weight.size(1);
  const Tensor q = at::empty({rows, width}, x.options().dtype(at::kChar));
  std::vector<float> row_scales(static_cast<size_t>(rows));
  const float* from = source.const_data_ptr<float>();
  auto* integers = q.mutable_data_ptr<int8_t>();
  for_rows(rows, width, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      row_scales[static_cast<size_t>(i)] =
          quantize_row(from + i * width, integers + i * width, width, kLeastTokenScale);
    }
  });
  const Tensor sums = product(q, weight);
  if (!sums.defined()) return out;
  const auto* products = sums.const_data_ptr<int32_t>();
  auto* to = out.mutable_data_ptr<float>();
  for_rows(rows, outputs, [&](int64_t begin, int64_t end) {
    ProductScale by = scales(scale, bias, low, high);
    for (int64_t i = begin; i < end; ++i) {
      by.row_scale = row_scales[static_cast<size_t>(i)];
      scale_row(products + i * outputs, to + i * outputs, outputs, by);
    }
  });
  return out;
}

Tensor token_fake_quantize(const Tensor& x) {
  const Tensor source = x.contiguous();
  Tensor out = at::empty_like(source);
  const int64_t width = x.size(-1), rows = width == 0 ? 0 : x.numel() / width;
  const float* from = source.const_data_ptr<float>();
  auto* to = out.mutable_data_ptr<float>();
  for_rows(rows, width, [&](int64_t begin, int64_t end) {
    std::vector<int8_t> row(static_cast<size_t>(width));
    for (int64_t i = begin * width; i < end * width; i += width) {
      const float scale = quantize_row(from + i, row.data(), width, kLeastTokenScale);
      for (int64_t j = 0; j < width; ++j)
        to[i + j] = static_cast<float>(row[static_cast<size_t>(j)]) * scale;
    }
  });
  return out;
}

}  // namespace

void register_int8_operators() {
  static torch::Library library = [] {
    torch::Library made(torch::Library::DEF, "maas", std::nullopt, __FILE__, __LINE__);
    made.def("quantize(Tensor x, float scale, int zero_point, bool channels_last=False) -> Tensor",
             TORCH_FN(quantize));
    made.def("dequantize(Tensor q, float scale, int zero_point) -> Tensor", TORCH_FN(dequantize));
    made.def("fake_quantize(Tensor x, float scale, int zero_point) -> Tensor",
             TORCH_FN(fake_quantize));
    made.def(
        "max_pool2d(Tensor q, int[2] kernel_size, int[2] stride, int[2] padding, "
        "int[2] dilation, bool ceil_mode) -> Tensor",
        TORCH_FN(max_pool2d));
    made.def(
        "quantized_linear(Tensor q, Tensor weight, Tensor correction, Tensor scale, Tensor? bias, "
        "float low, float high, float out_scale, int out_zero_point, bool quantized) -> Tensor",
        TORCH_FN(quantized_linear));
    made.def(
        "token_quantized_linear(Tensor x, Tensor weight, Tensor scale, Tensor? bias, float low, "
        "float high) -> Tensor",
        TORCH_FN(token_quantized_linear));
    made.def("token_fake_quantize(Tensor x) -> Tensor", TORCH_FN(token_fake_quantize));
    return made;
  }();
}

}  // namespace maas
