// PNG and JPEG bytes -> pixels, and pixels to the size that a model takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "sample/spec.h"

namespace maas {

constexpr int64_t kMostImagePixels = int64_t{64} << 20;  // width * height, checked before decoding

struct DecodeOptions {
  int64_t channels = 0;    // 1 = grey, 3 = colour, 0 = as the file has
  int64_t least_side = 0;  // > 0: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size as long as
                           // its shorter side keeps at least twice this many pixels
};

// uint8 [C, H, W]. The kind is told by the first bytes. Colour to grey by ITU-R 601 as Pillow does;
// alpha is dropped; 16 bits are cut to 8; the first frame of several. Throws Error{kInput}: another
// kind, damaged or cut short, too large, CMYK or 12-bit JPEG, over 500 scans of a progressive JPEG.
at::Tensor decode_pixels(std::string_view bytes, const std::string& name,
                         const DecodeOptions& options);
// 3 when the header of the PNG or JPEG says colour, 1 when grey, 0 when it is neither or damaged;
// decodes nothing.
int64_t stored_channels(std::string_view bytes);
at::Tensor decode_png(std::string_view bytes, const std::string& name,
                      const DecodeOptions& options);
at::Tensor decode_jpeg(std::string_view bytes, const std::string& name,
                       const DecodeOptions& options);

// uint8 [C, H, W] of another size by an antialiased triangle filter, as Pillow's BILINEAR; runs on
// the calling thread alone.
at::Tensor resize_pixels(const at::Tensor& pixels, int64_t height, int64_t width);

// To spec.height x spec.width: as is when equal; else, when spec.resize_to_fit, the smallest size
// that covers it is cut at the centre; else Error{kInput} with both sizes.
at::Tensor fit_pixels(const at::Tensor& pixels, const std::string& name, const InputSpec& spec);

// decode_pixels and fit_pixels: uint8 [spec.channels, spec.height, spec.width].
at::Tensor decode_to_fit(std::string_view bytes, const std::string& name, const InputSpec& spec);

// Interleaved RGB [H, W, 3] or grey [H, W] to planes in the number of channels asked for (0 =
// same).
struct Interleaved {
  const uint8_t* pixels;
  int64_t height, width, channels;
};
at::Tensor to_planes(const Interleaved& image, int64_t channels);

// Throws Error{kInput} for sizes of zero or more than kMostImagePixels in all.
void check_image_size(int64_t width, int64_t height, const std::string& name);

}  // namespace maas
