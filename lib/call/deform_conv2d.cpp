// The image's taps as columns, one picture at a time, then a product with the weight.
#include "call/deform_conv2d.h"

#include <ATen/Dispatch.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>

#include <cmath>

namespace maas {
namespace {

using at::Tensor;

struct Shape {
  int64_t channels = 0, height = 0, width = 0;  // of a picture
  int64_t kernel_h = 0, kernel_w = 0, out_h = 0, out_w = 0;
  int64_t stride[2] = {1, 1}, pad[2] = {0, 0}, dilation[2] = {1, 1};
  int64_t groups = 1, offset_groups = 1;
};

int64_t out_size(int64_t size, int64_t pad, int64_t dilation, int64_t kernel, int64_t stride) {
  return (size + 2 * pad - (dilation * (kernel - 1) + 1)) / stride + 1;
}

bool are_small(const Shape& shape) {
  for (int i = 0; i < 2; ++i) {
    const int64_t most = int64_t{1} << 24;
    if (shape.stride[i] < 1 || shape.stride[i] > most || shape.pad[i] < 0 || shape.pad[i] > most ||
        shape.dilation[i] < 1 || shape.dilation[i] > most) {
      return false;
    }
  }
  return shape.groups >= 1 && shape.offset_groups >= 1;
}

void check(const Tensor& input, const Tensor& weight, const Tensor& offset, const Tensor& mask,
           const Tensor& bias, Shape& shape, bool use_mask) {
  TORCH_CHECK(input.dim() == 4 && weight.dim() == 4 && offset.dim() == 4 && are_small(shape) &&
                  weight.size(2) > 0 && weight.size(3) > 0,
              "deform_conv2d of ", input.sizes(), " by ", weight.sizes());
  shape.channels = input.size(1);
  shape.height = input.size(2);
  shape.width = input.size(3);
  shape.kernel_h = weight.size(2);
  shape.kernel_w = weight.size(3);
  shape.out_h =
      out_size(shape.height, shape.pad[0], shape.dilation[0], shape.kernel_h, shape.stride[0]);
  shape.out_w =
      out_size(shape.width, shape.pad[1], shape.dilation[1], shape.kernel_w, shape.stride[1]);
  const int64_t taps = shape.offset_groups * shape.kernel_h * shape.kernel_w;
  const auto fits = [&](const Tensor& tensor, int64_t planes) {
    return tensor.sizes().vec() ==
               std::vector<int64_t>{input.size(0), planes, shape.out_h, shape.out_w} &&
           tensor.scalar_type() == input.scalar_type();
  };
  TORCH_CHECK(shape.out_h > 0 && shape.out_w > 0 && fits(offset, 2 * taps),
              "deform_conv2d with offsets ", offset.sizes());
  TORCH_CHECK(!use_mask || fits(mask, taps), "deform_conv2d with a mask ", mask.sizes());
  TORCH_CHECK(
      weight.size(1) * shape.groups == shape.channels && weight.size(0) % shape.groups == 0 &&
          shape.channels % shape.offset_groups == 0 && bias.dim() == 1 &&
          bias.size(0) == weight.size(0) && weight.scalar_type() == input.scalar_type(),
      "deform_conv2d of ", input.sizes(), " by ", weight.sizes(), " in ", shape.groups, " groups");
}

template <class Scalar>
Scalar value_at(const Scalar* plane, const Shape& shape, Scalar y, Scalar x) {
  if (!(y > -1 && y < shape.height && x > -1 && x < shape.width)) return 0;
  const auto top = static_cast<int64_t>(std::floor(y)), left = static_cast<int64_t>(std::floor(x));
  const Scalar down = y - top, along = x - left;
  const auto pixel = [&](int64_t row, int64_t column) {
    const bool inside = row >= 0 && row < shape.height && column >= 0 && column < shape.width;
    return inside ? plane[row * shape.width + column] : Scalar(0);
  };
  return (1 - down) * (1 - along) * pixel(top, left) + (1 - down) * along * pixel(top, left + 1) +
         down * (1 - along) * pixel(top + 1, left) + down * along * pixel(top + 1, left + 1);
}

// [C * kh * kw, OH * OW] of one picture; `mask` may be null.
template <class Scalar>
void fill_columns(const Scalar* image, const Scalar* offset, const Scalar* mask, const Shape& shape,
                  Scalar* columns) {
  const int64_t taps = shape.kernel_h * shape.kernel_w, places = shape.out_h * shape.out_w;
  for (int64_t c = 0; c < shape.channels; ++c) {
    const int64_t group = c / (shape.channels / shape.offset_groups);
    const Scalar* plane = image + c * shape.height * shape.width;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const Scalar* moved = offset + (group * taps + tap) * 2 * places;
      const Scalar* weighed = mask == nullptr ? nullptr : mask + (group * taps + tap) * places;
      const int64_t row = tap / shape.kernel_w * shape.dilation[0] - shape.pad[0];
      const int64_t column = tap % shape.kernel_w * shape.dilation[1] - shape.pad[1];
      for (int64_t place = 0; place < places; ++place) {
        const Scalar y =
            static_cast<Scalar>(place / shape.out_w * shape.stride[0] + row) + moved[place];
        const Scalar x = static_cast<Scalar>(place % shape.out_w * shape.stride[1] + column) +
                         moved[places + place];
        *columns++ =
            (weighed == nullptr ? Scalar(1) : weighed[place]) * value_at(plane, shape, y, x);
      }
    }
  }
}

}  // namespace

Tensor deform_conv2d(const Tensor& input, const Tensor& weight, const Tensor& offset,
                     const Tensor& mask, const Tensor& bias, int64_t stride_h, int64_t stride_w,
                     int64_t pad_h, int64_t pad_w, int64_t dilation_h, int64_t dilation_w,
                     int64_t groups, int64_t offset_groups, bool use_mask) {
  Shape shape;
  shape.stride[0] = stride_h, shape.stride[1] = stride_w;
  shape.pad[0] = pad_h, shape.pad[1] = pad_w;
  shape.dilation[0] = dilation_h, shape.dilation[1] = dilation_w;
  shape.groups = groups, shape.offset_groups = offset_groups;
  check(input, weight, offset, mask, bias, shape, use_mask);
  const Tensor image = input.contiguous(), moved = offset.contiguous(), weighed = mask.contiguous();
  const int64_t taps = shape.kernel_h * shape.kernel_w, places = shape.out_h * shape.out_w;
  const Tensor kernels = weight.reshape({groups, weight.size(0) / groups, -1});
  const Tensor columns =
      at::empty({groups, shape.channels / groups * taps, places}, input.options());
  Tensor result =
      at::empty({input.size(0), weight.size(0), shape.out_h, shape.out_w}, input.options());
  AT_DISPATCH_FLOATING_TYPES(input.scalar_type(), "deform_conv2d", [&] {
    for (int64_t n = 0; n < input.size(0); ++n) {
      fill_columns<scalar_t>(
          image.const_data_ptr<scalar_t>() + n * shape.channels * shape.height * shape.width,
          moved.const_data_ptr<scalar_t>() + n * 2 * offset_groups * taps * places,
          use_mask ? weighed.const_data_ptr<scalar_t>() + n * offset_groups * taps * places
                   : nullptr,
          shape, columns.data_ptr<scalar_t>());
      result[n].copy_(at::bmm(kernels, columns).view({-1, shape.out_h, shape.out_w}));
    }
  });
  return result.add_(bias.view({1, -1, 1, 1}));
}

Tensor deform_conv2d_shape(const Tensor& input, const Tensor& weight, const Tensor& offset,
                           const Tensor& mask, const Tensor& bias, int64_t stride_h,
                           int64_t stride_w, int64_t pad_h, int64_t pad_w, int64_t dilation_h,
                           int64_t dilation_w, int64_t groups, int64_t offset_groups,
                           bool use_mask) {
  Shape shape;
  shape.stride[0] = stride_h, shape.stride[1] = stride_w;
  shape.pad[0] = pad_h, shape.pad[1] = pad_w;
  shape.dilation[0] = dilation_h, shape.dilation[1] = dilation_w;
  shape.groups = groups, shape.offset_groups = offset_groups;
  check(input, weight, offset, mask, bias, shape, use_mask);
  return at::empty({input.size(0), weight.size(0), shape.out_h, shape.out_w}, input.options());
}

}  // namespace maas
