#include "sample/image_codec.h"

#include <ATen/ops/empty.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/throw_error.h"
#include "sample/image_format.h"

namespace maas {
namespace {

uint8_t grey_of(const uint8_t* rgb) {
  return static_cast<uint8_t>((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
}

at::Tensor centre_crop(const at::Tensor& pixels, int64_t height, int64_t width) {
  const int64_t top = (pixels.size(1) - height) / 2;
  const int64_t left = (pixels.size(2) - width) / 2;
  return pixels.narrow(1, top, height).narrow(2, left, width).contiguous();
}

}  // namespace

void check_image_size(int64_t width, int64_t height, const std::string& name) {
  if (width > 0 && height > 0 && width <= kMostImagePixels / height) return;
  throw_input(name, fmt::format("the image is {} x {} pixels (width x height)", width, height),
              fmt::format("1 to {} pixels in all", kMostImagePixels), "make it smaller");
}

at::Tensor to_planes(const Interleaved& image, int64_t channels) {
  if (channels == 0) channels = image.channels;
  const int64_t count = image.height * image.width;
  at::Tensor out = at::empty({channels, image.height, image.width}, at::kByte);
  auto* to = out.mutable_data_ptr<uint8_t>();
  if (image.channels == 1) {
    for (int64_t c = 0; c < channels; ++c) {
      std::memcpy(to + c * count, image.pixels, static_cast<size_t>(count));
    }
  } else if (channels == 1) {
    for (int64_t p = 0; p < count; ++p) to[p] = grey_of(image.pixels + 3 * p);
  } else {
    for (int64_t p = 0; p < count; ++p) {
      to[p] = image.pixels[3 * p];
      to[p + count] = image.pixels[3 * p + 1];
      to[p + 2 * count] = image.pixels[3 * p + 2];
    }
  }
  return out;
}

void cmyk_to_rgb(const uint8_t* cmyk, int64_t pixels, uint8_t* rgb) {
  for (int64_t p = 0; p < pixels; ++p, cmyk += 4, rgb += 3) {
    const int light = 255 - cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const int product = cmyk[c] * light + 128;  // / 255, rounded
      rgb[c] = static_cast<uint8_t>(light - ((product + (product >> 8)) >> 8));
    }
  }
}

int64_t stored_channels(std::string_view bytes) {
  const ImageFormat* format = image_format_of(bytes);
  return format != nullptr ? format->channels(bytes) : 0;
}

int64_t stored_orientation(std::string_view bytes) {
  const ImageFormat* format = image_format_of(bytes);
  return format != nullptr ? format->orientation(bytes) : 1;
}

ImageSize shown_size(std::string_view bytes) {
  const ImageFormat* format = image_format_of(bytes);
  ImageSize size = format != nullptr ? format->size(bytes) : ImageSize{};
  if (size.width <= 0 || size.height <= 0) return {};
  if (stored_orientation(bytes) >= 5) std::swap(size.width, size.height);
  return size;
}

at::Tensor turn_pixels(const at::Tensor& pixels, int64_t orientation) {
  if (orientation == 1) return pixels;
  MAAS_CHECK(pixels.dim() == 3 && pixels.is_contiguous() && orientation > 1 && orientation <= 8);
  const int64_t height = pixels.size(1), width = pixels.size(2);
  const bool transposed = orientation >= 5;
  const int64_t rows = transposed ? width : height, columns = transposed ? height : width;
  // Where the next row and the next column of what is shown lie in what is stored.
  int64_t row_step = transposed ? 1 : width, column_step = transposed ? width : 1;
  int64_t start = 0;
  if (orientation == 3 || orientation == 4 || orientation == 7 || orientation == 8) {
    start += (rows - 1) * row_step;
    row_step = -row_step;
  }
  if (orientation == 2 || orientation == 3 || orientation == 6 || orientation == 7) {
    start += (columns - 1) * column_step;
    column_step = -column_step;
  }
  at::Tensor out = at::empty({pixels.size(0), rows, columns}, at::kByte);
  auto* to = out.mutable_data_ptr<uint8_t>();
  const auto* plane = pixels.const_data_ptr<uint8_t>();
  for (int64_t c = 0; c < pixels.size(0); ++c, plane += height * width) {
    for (int64_t y = 0; y < rows; ++y) {
      const int64_t line = start + y * row_step;
      for (int64_t x = 0; x < columns; ++x) *to++ = plane[line + x * column_step];
    }
  }
  return out;
}

at::Tensor decode_pixels(std::string_view bytes, const std::string& name,
                         const DecodeOptions& options) {
  MAAS_CHECK(options.channels == 0 || options.channels == 1 || options.channels == 3);
  const ImageFormat* format = image_format_of(bytes);
  if (format == nullptr) {
    throw_input(name,
                bytes.empty() ? "is empty"
                              : fmt::format("is no {} by its first bytes", image_format_names()),
                fmt::format("a {} image", image_format_names()), "convert the image");
  }
  return turn_pixels(format->decode(bytes, name, options), format->orientation(bytes));
}

at::Tensor fit_pixels(const at::Tensor& pixels, const std::string& name, const InputSpec& spec) {
  const int64_t height = pixels.size(1), width = pixels.size(2);
  if (height == spec.height && width == spec.width) return pixels;
  if (!spec.resize_to_fit) {
    throw_input(name, fmt::format("the image is {} x {} pixels (width x height)", width, height),
                fmt::format("{} x {}", spec.width, spec.height),
                "resize it, or train with data.height and data.width set, which resizes");
  }
  const double scale = std::max(static_cast<double>(spec.height) / static_cast<double>(height),
                                static_cast<double>(spec.width) / static_cast<double>(width));
  const auto scaled = [&](int64_t side, int64_t least) {
    return std::max<int64_t>(least, std::llround(static_cast<double>(side) * scale));
  };
  const int64_t new_height = scaled(height, spec.height), new_width = scaled(width, spec.width);
  check_image_size(new_width, new_height, name);  // extreme shapes grow on the way
  return centre_crop(resize_pixels(pixels, new_height, new_width), spec.height, spec.width);
}

at::Tensor decode_to_fit(std::string_view bytes, const std::string& name, const InputSpec& spec) {
  const DecodeOptions options{
      .channels = spec.channels,
      .least_side = spec.resize_to_fit ? std::max(spec.height, spec.width) : 0};
  return fit_pixels(decode_pixels(bytes, name, options), name, spec);
}

}  // namespace maas
