#include <fmt/format.h>
#include <turbojpeg.h>

#include <algorithm>
#include <memory>
#include <string_view>

#include "base/throw_error.h"
#include "sample/image_format.h"

namespace maas {
namespace {

struct Closer {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Decompressor = std::unique_ptr<void, Closer>;

[[noreturn]] void fail(const std::string& name, void* handle) {
  throw_input(name, fmt::format("the JPEG cannot be decoded: {}", tjGetErrorStr2(handle)),
              "a complete 8-bit JPEG, grey or colour", "save the image anew");
}

// The smallest of 1/1, 1/2, 1/4, 1/8 that leaves twice the pixels needed: the resize that follows
// still filters, and the decoder skips up to 98% of its work.
tjscalingfactor pick_scale(int width, int height, int64_t least_side) {
  tjscalingfactor scale{1, 1};
  if (least_side <= 0) return scale;
  while (scale.denom < 8 && std::min(width, height) / (scale.denom * 2) >= 2 * least_side) {
    scale.denom *= 2;
  }
  return scale;
}

}  // namespace

at::Tensor decode_jpeg(std::string_view bytes, const std::string& name,
                       const DecodeOptions& options) {
  const Decompressor decompressor(tjInitDecompress());
  MAAS_CHECK(decompressor != nullptr);
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  int width = 0, height = 0, subsampling = 0, colours = 0;
  if (tjDecompressHeader3(decompressor.get(), data, bytes.size(), &width, &height, &subsampling,
                          &colours) != 0) {
    fail(name, decompressor.get());
  }
  check_image_size(width, height, name);
  const tjscalingfactor scale = pick_scale(width, height, options.least_side);
  width = TJSCALED(width, scale);
  height = TJSCALED(height, scale);
  const bool ink = colours == TJCS_CMYK || colours == TJCS_YCCK;
  const bool grey =
      !ink && (options.channels == 1 || (options.channels == 0 && colours == TJCS_GRAY));
  const int channels = ink ? 4 : grey ? 1 : 3;
  const auto size = static_cast<size_t>(width) * static_cast<size_t>(height) * channels;
  const auto pixels = std::make_unique_for_overwrite<unsigned char[]>(size);
  if (tjDecompress2(decompressor.get(), data, bytes.size(), pixels.get(), width, 0, height,
                    ink    ? TJPF_CMYK
                    : grey ? TJPF_GRAY
                           : TJPF_RGB,
                    TJFLAG_LIMITSCANS | TJFLAG_ACCURATEDCT) != 0) {
    // Stray bytes between segments lose nothing, and cameras write them.
    const std::string_view message = tjGetErrorStr2(decompressor.get());
    const bool harmless = tjGetErrorCode(decompressor.get()) == TJERR_WARNING &&
                          message.find("extraneous bytes") != std::string_view::npos;
    if (!harmless) fail(name, decompressor.get());
  }
  if (ink) {
    // As Adobe writes ink, 0 = full; Pillow takes every such JPEG to be so.
    std::transform(pixels.get(), pixels.get() + size, pixels.get(),
                   [](unsigned char value) { return static_cast<unsigned char>(255 - value); });
    cmyk_to_rgb(pixels.get(), int64_t{width} * height, pixels.get());
  }
  return to_planes({pixels.get(), height, width, grey ? 1 : 3}, options.channels);
}

}  // namespace maas
