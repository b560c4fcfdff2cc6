#include <fmt/format.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "base/throw_error.h"
#include "sample/image_format.h"

namespace maas {
namespace {

[[noreturn]] void fail(const std::string& name, const char* reason) {
  throw_input(name, fmt::format("the WebP cannot be decoded: {}", reason), "a complete WebP",
              "save the image anew");
}

const char* text_of(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return "the file ends early";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses a feature that libwebp does not know";
    case VP8_STATUS_OUT_OF_MEMORY:
      return "the memory does not suffice";
    default:
      return "the bytes are damaged";
  }
}

// The first frame lies somewhere on a canvas, which is transparent black elsewhere.
at::Tensor decode_first_frame(const WebPData& data, const std::string& name, int64_t channels) {
  WebPAnimDecoderOptions options;
  if (WebPAnimDecoderOptionsInit(&options) == 0) fail(name, "libwebpdemux is of another version");
  options.color_mode = MODE_RGBA;
  options.use_threads = 0;
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)> decoder(
      WebPAnimDecoderNew(&data, &options), WebPAnimDecoderDelete);
  WebPAnimInfo info;
  uint8_t* rgba = nullptr;  // owned by the decoder
  int time = 0;
  if (!decoder || WebPAnimDecoderGetInfo(decoder.get(), &info) == 0 ||
      WebPAnimDecoderGetNext(decoder.get(), &rgba, &time) == 0) {
    fail(name, "its first frame is damaged or cut short");
  }
  const auto count = static_cast<size_t>(info.canvas_width) * info.canvas_height;
  for (size_t p = 0; p < count; ++p) {  // alpha dropped in place
    for (size_t c = 0; c < 3; ++c) rgba[3 * p + c] = rgba[4 * p + c];
  }
  return to_planes({rgba, info.canvas_height, info.canvas_width, 3}, channels);
}

}  // namespace

ImageSize webp_size(std::string_view bytes) {
  int width = 0, height = 0;
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (WebPGetInfo(data, bytes.size(), &width, &height) == 0) return {};
  return {width, height};
}

at::Tensor decode_webp(std::string_view bytes, const std::string& name,
                       const DecodeOptions& options) {
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  WebPBitstreamFeatures features;
  const VP8StatusCode header = WebPGetFeatures(data, bytes.size(), &features);
  if (header != VP8_STATUS_OK) fail(name, text_of(header));
  const int64_t width = features.width, height = features.height;
  check_image_size(width, height, name);
  if (features.has_animation != 0) {
    return decode_first_frame({data, bytes.size()}, name, options.channels);
  }
  const auto size = static_cast<size_t>(width * height * 3);
  const auto pixels = std::make_unique_for_overwrite<uint8_t[]>(size);
  WebPDecoderConfig config;
  if (WebPInitDecoderConfig(&config) == 0) fail(name, "libwebp is of another version");
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA = {pixels.get(), static_cast<int>(width * 3), size};
  const VP8StatusCode status = WebPDecode(data, bytes.size(), &config);
  if (status != VP8_STATUS_OK) fail(name, text_of(status));
  return to_planes({pixels.get(), height, width, 3}, options.channels);
}

}  // namespace maas
