// Bytes of image files -> pixels, and pixels to the size that a model takes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "sample/image_header.h"
#include "sample/spec.h"

namespace maas {

// Of width * height, checked before decoding. A fuzzer's time is better spent on small images.
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
constexpr int64_t kMostImagePixels = int64_t{1} << 20;
#else
constexpr int64_t kMostImagePixels = int64_t{64} << 20;
#endif

struct DecodeOptions {
  int64_t channels = 0;    // 1 = grey, 3 = colour, 0 = as the file has
  int64_t least_side = 0;  // > 0: a JPEG may be decoded at 1/2, 1/4 or 1/8 of its size as long as
                           // its shorter side keeps at least twice this many pixels
};

// uint8 [C, H, W], as the image is shown: turned as its EXIF orientation says. The format is told
// by the first bytes (image_format.h). Pixels are those of Pillow's convert("RGB"), its
// convert("L") for grey images, but that lossy formats may differ by rounding: alpha is dropped,
// CMYK becomes RGB, colour becomes grey by ITU-R 601, 16 bits are cut to 8; the first frame or page
// of several. Throws Error{kInput}: another format, damaged or cut short, too large, 12-bit JPEG,
// over 500 scans of a progressive JPEG, samples in a TIFF that are no whole numbers of at most 16
// bits.
at::Tensor decode_pixels(std::string_view bytes, const std::string& name,
                         const DecodeOptions& options);
// 3 when the header of the file says colour, 1 when grey, 0 when the format is another or the
// header damaged; decodes nothing.
int64_t stored_channels(std::string_view bytes);
// EXIF's orientation, 1 to 8; 1 = as stored, also where nothing or nonsense is said. Decodes
// nothing.
int64_t stored_orientation(std::string_view bytes);
// The size that decode_pixels() gives, by the header; 0 x 0 when the format is another or the
// header damaged. Decodes nothing.
ImageSize shown_size(std::string_view bytes);
// [C, H, W] as stored -> as shown: [C, W, H] for the orientations 5 to 8.
at::Tensor turn_pixels(const at::Tensor& pixels, int64_t orientation);

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

// `pixels` of four bytes, 255 = full ink, to as many of three, 255 = full light, as Pillow; `rgb`
// may be the same place.
void cmyk_to_rgb(const uint8_t* cmyk, int64_t pixels, uint8_t* rgb);

// Throws Error{kInput} for sizes of zero or more than kMostImagePixels in all.
void check_image_size(int64_t width, int64_t height, const std::string& name);

}  // namespace maas
